/** Encryption as RFC 7714 has it, held against its own example and against werift's decryption over the end of the sequence numbers. */
import assert from "node:assert/strict";
import { suite } from "uvu";
import { type RTCDtlsTransport, SrtpSession } from "werift";
import { SecureSender } from "./secure-sender.ts";

const test = suite("secure sender");
const GCM = 7;

function make(context: { profile: number; srtpSessionKey: Buffer; srtpSessionSalt: Buffer }, consents = true) {
  const sent: Buffer[] = [];
  const protocol = { type: "turn", sendData: async (data: Buffer) => void sent.push(data) };
  const nominated = { protocol, remoteAddr: ["127.0.0.1", 1], packetsSent: 0, bytesSent: 0 };
  const connection = { nominated, canSendApplicationData: () => consents };
  const dtls = { srtp: { localContext: context }, iceTransport: { connection } } as unknown as RTCDtlsTransport;
  return { sender: new SecureSender(dtls), sent };
}

test("the example of RFC 7714, 16.1.1, byte for byte", () => {
  const { sender, sent } = make({
    profile: GCM,
    srtpSessionKey: Buffer.from("000102030405060708090a0b0c0d0e0f", "hex"),
    srtpSessionSalt: Buffer.from("517569642070726f2071756f0000", "hex"),
  });
  assert.ok(sender.direct);
  sender.send({
    payloadType: 0x40,
    marker: false,
    index: 0xf17b,
    timestamp: 0x8041f8d3,
    ssrc: 0x5501a0b2,
    payload: Buffer.from("Gallia est omnis divisa in partes tres"),
  });
  const expected = `8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f
    42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`.replaceAll(/\s/g, "");
  assert.equal(sent[0]?.toString("hex"), expected);
});

test("over the end of the sequence numbers the roll-over counter goes on: werift reads all of it", () => {
  const [keyA, keyB] = [Buffer.alloc(16, 3), Buffer.alloc(16, 4)];
  const [saltA, saltB] = [Buffer.alloc(12, 5), Buffer.alloc(12, 6)];
  const near = new SrtpSession({
    keys: { localMasterKey: keyA, localMasterSalt: saltA, remoteMasterKey: keyB, remoteMasterSalt: saltB },
    profile: GCM,
  });
  const far = new SrtpSession({
    keys: { localMasterKey: keyB, localMasterSalt: saltB, remoteMasterKey: keyA, remoteMasterSalt: saltA },
    profile: GCM,
  });
  const { sender, sent } = make(near.localContext);
  for (let index = 65_530; index < 65_545; index++) {
    const payload = Buffer.from(`packet ${index}`);
    const prefix = index % 3 === 0 ? Buffer.from("ab") : undefined;
    sender.send({
      payloadType: 96,
      marker: true,
      index,
      timestamp: index,
      ssrc: 77,
      payload,
      ...(prefix && { prefix }),
    });
    const plain = far.decrypt(sent.at(-1) as Buffer);
    assert.equal(plain.subarray(12).toString(), `${prefix ?? ""}packet ${index}`);
    assert.equal(plain.readUInt16BE(2), index & 0xffff);
  }
});

test("nothing is sent to a peer that does not consent any more (RFC 7675)", () => {
  const { sender, sent } = make(
    { profile: GCM, srtpSessionKey: Buffer.alloc(16), srtpSessionSalt: Buffer.alloc(14) },
    false,
  );
  sender.send({ payloadType: 96, marker: false, index: 1, timestamp: 0, ssrc: 1, payload: Buffer.from("x") });
  assert.deepEqual([sent.length, sender.counters.refused], [0, 1]);
});

test.run();
