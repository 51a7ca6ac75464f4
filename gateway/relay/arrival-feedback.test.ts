/** What a publisher reads of the relay's feedback, with werift's own parser and with the bytes counted by hand. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RtcpPacketConverter, type RtcpTransportLayerFeedback, type TransportWideCC } from "werift";
import { ArrivalFeedback, messageOf } from "./arrival-feedback.ts";

const read = (message: Buffer) => {
  const [packet] = RtcpPacketConverter.deSerialize(message);
  return (packet as RtcpTransportLayerFeedback).feedback as TransportWideCC;
};

test("five packets, the third lost: a message of a multiple of four bytes that says so", () => {
  const us = [640_000, 641_000, undefined, 645_000, 740_000];
  const message = messageOf(0x01020304, 65_534, 7, us);
  // 20 of head, three runs of two (two small, one lost, one small, one large: four), 1 + 1 + 1 + 2 of deltas: 33, rounded up.
  assert.is(message.length, 36);
  assert.is(message.readUInt16BE(2), 36 / 4 - 1);
  const feedback = read(message);
  assert.is(feedback.baseSequenceNumber, 65_534);
  assert.is(feedback.packetStatusCount, 5);
  assert.is(feedback.fbPktCount, 7);
  assert.is(feedback.referenceTime, 10);
  assert.equal(
    feedback.recvDeltas.map(({ delta }) => delta),
    [0, 1_000, 4_000, 95_000],
  );
});

test("numbers go on over 65535; what is sent again after it was told as lost is not told again", () => {
  const messages: Buffer[] = [];
  let nowUs = 1_000_000;
  const feedback = new ArrivalFeedback(
    1,
    (message) => messages.push(message),
    () => nowUs,
  );
  for (const number of [65_533, 65_534, 0, 1]) {
    feedback.arrived(number);
    nowUs += 5_000;
  }
  feedback.flush();
  feedback.arrived(65_535);
  feedback.arrived(2);
  feedback.flush();
  feedback.close();
  const [first, second] = messages.map(read);
  assert.is(first!.baseSequenceNumber, 65_533);
  assert.is(first!.packetStatusCount, 5);
  assert.is(first!.recvDeltas.length, 4);
  assert.is(second!.baseSequenceNumber, 2);
  assert.is(second!.packetStatusCount, 1);
});

test("nothing arrived, nothing is said", () => {
  let said = 0;
  const feedback = new ArrivalFeedback(1, () => said++);
  feedback.flush();
  feedback.close();
  assert.is(said, 0);
});

test.run();
