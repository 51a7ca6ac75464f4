/** What each role is told of the drones over HTTP. */
import assert from "node:assert/strict";
import Fastify from "fastify";
import { test } from "uvu";
import type { GatewayContext } from "../context.ts";
import type { Drones } from "./drones.ts";
import { addDispatchRoutes } from "./routes.ts";

test("GET /api/drones gives a technician a drone's health without the place of the match that it flies to, and its pilot the place without words", async () => {
  const place = { lat: 40.44, lon: -79.99 };
  const authorisation = { how: "person", by: "ann", at: "2026-11-22T18:04:12Z", why: "secret words" };
  const plan = { path: [place], place, laneHeightM: 50 };
  const vehicle = { connected: true, position: place, batteryRemaining: 0.7 };
  const state = { phase: "onScene", incident: "i1", authorisation, plan, vehicle };
  const known: [string, { state?: unknown }][] = [
    ["d1", { state }],
    ["d2", {}],
  ];
  const drones = { all: () => known, ageS: () => 1 } as unknown as Drones;
  const http = Fastify();
  const context = {
    http,
    sessionOf: ({ headers }: { headers: { role: string } }) => ({ user: "u", roles: [headers.role] }),
    incident: (id: string) => (id === "i1" ? { kind: "face" } : undefined),
  } as unknown as GatewayContext;
  addDispatchRoutes(context, drones, undefined as never);
  const read = async (role: string) => {
    const { body } = await http.inject({ url: "/api/drones", headers: { role } });
    return [/"d2"/, /0\.7/, /40\.44/, /secret/].map((word) => word.test(body));
  };
  assert.deepEqual(await read("technician"), [true, true, false, false]);
  assert.deepEqual(await read("pilot"), [true, true, true, false]);
  assert.deepEqual(await read("dispatch"), [true, true, true, true]);
});

test.run();
