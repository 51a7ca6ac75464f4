/** The bytes by which a viewer learns how far away the relay is (RFC 3611), counted by hand. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RtcpPacketConverter, RtcpRrPacket } from "werift";
import { delayReport, ReferenceTime, readReferenceTimes, referenceTimeIn } from "./extended-reports.ts";

/** A report of 0x0a0b0c0d: an unknown block of one word, then its clock 0x11112222.33334444. */
const report = Buffer.from(
  [
    ["80cf0006", "0a0b0c0d"],
    ["63000001", "deadbeef"],
    ["04000002", "11112222", "33334444"],
  ]
    .flat()
    .join(""),
  "hex",
);
const receiverReport = new RtcpRrPacket({ ssrc: 1, reports: [] }).serialize();

test("the middle of its clock is found behind another packet and another block", () => {
  assert.equal(referenceTimeIn(Buffer.concat([receiverReport, report])), new ReferenceTime(0x0a0b0c0d, 0x22223333));
});

test("half a report, a length that points beyond the end, and noise hold none", () => {
  assert.equal(referenceTimeIn(report.subarray(0, 20)), undefined);
  assert.equal(referenceTimeIn(Buffer.from("80cfffff0a0b0c0d", "hex")), undefined);
  assert.equal(referenceTimeIn(Buffer.from("80cf00020a0b0c0d04000002", "hex")), undefined);
  assert.equal(referenceTimeIn(Buffer.alloc(0)), undefined);
});

test("the answer names who asked, its clock, and no delay", () => {
  const answer = delayReport(0xf0000001, new ReferenceTime(0x0a0b0c0d, 0x22223333));
  assert.is(answer.toString("hex"), ["80cf0005", "f0000001", "05000003", "0a0b0c0d", "22223333", "00000000"].join(""));
  assert.is(answer.length, 4 * (answer.readUInt16BE(2) + 1));
});

test("werift hands it on beside what it reads itself, once however often it is told to", () => {
  readReferenceTimes();
  readReferenceTimes();
  const packets: unknown[] = RtcpPacketConverter.deSerialize(Buffer.concat([receiverReport, report]));
  assert.is(packets.length, 2);
  assert.ok(packets[0] instanceof RtcpRrPacket);
  assert.ok(packets[1] instanceof ReferenceTime);
  const many = RtcpPacketConverter.deSerialize(Buffer.concat(Array(40).fill(report)));
  assert.is(many.length, 1, "40 clocks in one datagram are answered once");
});

test.run();
