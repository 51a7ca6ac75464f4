import { test } from "uvu";
import * as assert from "uvu/assert";
import { SimulatedDock } from "#sim/dock.ts";
import type { Log } from "../ports.ts";
import { dockBehaves } from "./dock.suite.ts";
import { TcpDock } from "./tcp-dock.ts";

const log: Log = { debug() {}, info() {}, warn() {}, error() {} };

dockBehaves("pretend dock over TCP", async () => {
  const sim = new SimulatedDock({ doorS: 0.3, onPad: () => false });
  const port = await sim.listen();
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= sim.close());
  return {
    dock: new TcpDock({ name: "d1", host: "127.0.0.1", port, log }),
    obstruct: (on) => sim.obstruct(on),
    pressStop: (on) => sim.pressStop(on),
    openBox: () => sim.tamper(),
    cutLink: () => void close(),
    close,
  };
});

test("nobody listens at the dock's address: ready is refused with the address in it", async () => {
  const sim = new SimulatedDock({ onPad: () => false });
  const port = await sim.listen();
  await sim.close();
  const dock = new TcpDock({ name: "d1", host: "127.0.0.1", port, log });
  const fault = await dock.ready(AbortSignal.timeout(300)).then(
    () => undefined,
    (error: Error) => error,
  );
  await dock.close();
  assert.match(fault?.message ?? "", `127.0.0.1:${port}`);
});

test.run();
