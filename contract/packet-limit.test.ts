import assert from "node:assert/strict";
import { test } from "uvu";
import { packetLengths } from "./packet-limit.ts";

test("packet boundaries are found whatever the pieces they come in", () => {
  const stream = Buffer.concat([
    Buffer.from([0xc0, 0]), // PINGREQ
    Buffer.from([0x30, 0x80, 0x01]), // 128 bytes follow
    Buffer.alloc(128, 0xff),
    Buffer.from([0x30, 3, 1, 2, 3]),
  ]);
  for (let size = 1; size <= stream.length; size++) {
    const announces = packetLengths();
    const seen: number[] = [];
    for (let at = 0; at < stream.length; at += size) seen.push(announces(stream.subarray(at, at + size)));
    assert.equal(Math.max(...seen), 128, `pieces of ${size}`);
  }
});

test.run();
