import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import { suite } from "uvu";
import * as assert from "uvu/assert";

interface Setup {
  fileDescriptor(name: string, python: string): Buffer;
  descriptorSet(files: Buffer[]): Buffer;
}

const test = suite("mavsdk set-up");
// Through a variable: a plain JavaScript module has no types to find.
const module = "./mavsdk-setup.mjs";
const { fileDescriptor, descriptorSet }: Setup = await import(module);
const folder = join(import.meta.dirname, "..", ".tocsin", "mavsdk");

test("a Python bytes literal: letters, \\n, \\x1a, octal \\7, quotes, pieces side by side", () => {
  const python = `x.AddSerializedFile(b'a\\n\\x1a\\7\\'"' b"\\x00'\\\\")`;
  assert.equal([...fileDescriptor("x_pb2.py", python)], [97, 10, 26, 7, 39, 34, 0, 39, 92]);
});

test("a file without a descriptor, or with an unknown escape, is refused by name", () => {
  assert.throws(() => fileDescriptor("y_pb2.py", "nothing"), /y_pb2.py holds no descriptor/);
  assert.throws(() => fileDescriptor("y_pb2.py", "AddSerializedFile(b'\\q')"), /unknown escape \\q/);
});

test("a set is tag 0x0a, length as a varint, file: 300 bytes are ac 02", () => {
  const set = descriptorSet([Buffer.alloc(300, 7)]);
  assert.equal([...set.subarray(0, 4)], [0x0a, 0xac, 0x02, 7]);
  assert.is(set.length, 303);
});

test("the wheel's own set has 39 services, Arm and the heartbeat watchdog among them", () => {
  if (!existsSync(join(folder, "descriptors.binpb"))) {
    console.log("skipped: no .tocsin/mavsdk here; node bin/mavsdk-setup.mjs fetches it");
    return;
  }
  const all = loadFileDescriptorSetFromBuffer(readFileSync(join(folder, "descriptors.binpb")));
  const services = Object.keys(all).filter((name) => name.endsWith("Service"));
  assert.is(services.length, 39);
  assert.ok("Arm" in all["mavsdk.rpc.action.ActionService"]!);
  assert.ok("FeedHeartbeatWatchdog" in all["mavsdk.rpc.core.CoreService"]!);
});

test.run();
