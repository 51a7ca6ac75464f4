import assert from "node:assert/strict";
import { test } from "uvu";
import { type BackupAnswer, type BackupCall, backupAnswer, backupCall } from "#contract/backup.ts";
import { utcOfNs } from "#contract/units.ts";
import { frameAt } from "#core/localise/geo.ts";
import { keepingLog, until } from "../../devices/bus-suite.ts";
import { MemoryBroker, MemoryBus } from "../../devices/memory-bus.ts";
import { Orders } from "./orders.ts";

const nowNs = 1_795_262_400_000_000_000n;
const utc = (agoS: number) => utcOfNs(nowNs - BigInt(agoS) * 1_000_000_000n);

test("a call that waited 59 s is taken; one of 61 s is declined with its age, and the robot stays", async () => {
  const log = keepingLog([]);
  const broker = new MemoryBroker();
  const hub = new MemoryBus(broker, "s", "hub", log);
  const answers: BackupAnswer[] = [];
  await hub.subscribe(backupAnswer, (answer) => void answers.push(answer));
  const applied: string[] = [];
  const orders = new Orders({
    node: "r1",
    bus: new MemoryBus(broker, "s", "r1", log),
    log,
    frame: frameAt({ lat: 40.66, lon: -73.9, altM: 0 }),
    nowUtc: () => utc(0),
    tickMs: () => 0,
    from: () => undefined,
    apply: (event) => {
      applied.push(event.kind === "call" ? event.call : event.kind);
      return { accepted: true, why: "on its way" };
    },
    changed: () => undefined,
  });
  await orders.listen();
  const call = (id: string, agoS: number): BackupCall => ({
    v: 1,
    id,
    node: "hub",
    at: utc(agoS),
    call: id,
    incident: "i1",
    place: { lat: 40.66, lon: -73.9, ellipse95: { semiMajorM: 5, semiMinorM: 5, azimuthDeg: 0 } },
    why: "shots",
    calledBy: { how: "person", by: "v", at: utc(agoS), why: "shots" },
    task: { kind: "goAndReport", approved: { by: "v", at: utc(agoS), why: "look" } },
    chosen: "nearest",
    ring: 1,
    answerBy: utc(0),
  });
  await hub.publish(backupCall, call("c59", 59), { to: "r1" });
  await hub.publish(backupCall, call("c61", 61), { to: "r1" });
  await until("both answers", () => answers.length === 2);
  assert.deepEqual(applied, ["c59"]);
  assert.deepEqual(
    answers.map(({ call, answer, text }) => [call, answer, text]),
    [
      ["c59", "accepted", "on its way"],
      ["c61", "declined", "the call is 61 s old: call again"],
    ],
  );
  await orders.close();
});

test.run();
