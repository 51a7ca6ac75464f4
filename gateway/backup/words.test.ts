/** Who reads the words of a call for backup at a match: over HTTP and on the bus. */
import assert from "node:assert/strict";
import Fastify from "fastify";
import { test } from "uvu";
import { type BackupState, backupState } from "#contract/backup.ts";
import type { GatewayContext, HubBus } from "../context.ts";
import { makeLog, until } from "../testing.ts";
import { Calls } from "./calls.ts";
import { addBackupRoutes } from "./routes.ts";
import { BackupStore } from "./store.ts";
import type { Units } from "./units.ts";

test("the words of a call at a match reach dispatch and neither a pilot nor the bus, those at a shot all three, a technician none", async () => {
  const stop = new AbortController();
  const store = new BackupStore(":memory:");
  const onBus: BackupState[] = [];
  const bus = {
    publish: async (channel: { name: string }, message: unknown) => {
      if (channel.name === backupState.name) onBus.push(message as BackupState);
    },
  } as unknown as HubBus;
  const http = Fastify();
  const place = { lat: 40.44, lon: -79.99, ellipse95: { semiMajorM: 2, semiMinorM: 1, azimuthDeg: 0 } };
  const kinds = new Map([
    ["i-face", "face"],
    ["i-shot", "gunfire"],
  ]);
  const context = {
    http,
    bus,
    log: makeLog().log,
    signal: stop.signal,
    broadcast: () => undefined,
    recordOnce: () => undefined,
    incident: (id: string) => ({ incident: id, kind: kinds.get(id), place }),
    sessionOf: ({ headers }: { headers: { role: string } }) => ({ user: "ann", roles: [headers.role] }),
  } as unknown as GatewayContext;
  const at = { lat: 40.45, lon: -79.99, posSigmaM: 8, ageS: 1 };
  const car = { name: "car-1", robot: false, speedMps: 9, status: "available", at };
  const units = { people: () => [car], views: () => [], configOf: () => undefined } as unknown as Units;
  const district = { answerS: 60, times: 1 };
  const policy = { rings: [], district, travel: { detour: 1.3, freshS: 600 } };
  const calls = new Calls({ context, store, units, policy });
  addBackupRoutes(context, calls, units);
  try {
    for (const incident of kinds.keys()) {
      const url = `/api/incidents/${incident}/backup`;
      await http.inject({ method: "POST", url, headers: { role: "dispatch" }, payload: { why: "her red coat" } });
      const again = await http.inject({ method: "POST", url, headers: { role: "pilot" }, payload: { why: "mine" } });
      assert.equal(/red coat/.test(again.body), incident === "i-shot", "a call that stands already is no way round");
    }
    const read = async (role: string) => {
      const { body } = await http.inject({ url: "/api/backup", headers: { role } });
      const listed = (JSON.parse(body) as { calls: BackupState[] }).calls;
      return listed.map((call) => `${call.incident} ${/red coat/.test(JSON.stringify(call))}`).sort();
    };
    assert.deepEqual(await read("dispatch"), ["i-face true", "i-shot true"]);
    assert.deepEqual(await read("pilot"), ["i-face false", "i-shot true"]);
    assert.deepEqual(await read("technician"), []);
    await until("both on the bus", () => onBus.length >= 2);
    for (const call of onBus) assert.equal(/red coat/.test(JSON.stringify(call)), call.incident === "i-shot");
  } finally {
    stop.abort();
    store.close();
    await http.close();
  }
});

test.run();
