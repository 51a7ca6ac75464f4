import assert from "node:assert/strict";
import fastify from "fastify";
import { test } from "uvu";
import { Looks } from "./looks.ts";
import { addVideoRoutes } from "./routes.ts";

/** The routes alone, with a record that keeps what is put on it. */
async function world() {
  const app = fastify();
  const recorded: string[] = [];
  const incidents = ["i1"];
  const view = { stream: "n01.front" };
  await addVideoRoutes(app, {
    context: {
      sessionOf: () => ({ user: "ann", roles: ["dispatch"] }),
      incident: (id: string) => ({ incident: id }),
      record: (id: string, kind: string, by: string, text: string) => recorded.push(`${id} ${kind} ${by} ${text}`),
    },
    service: {
      stream: () => view,
      want: () => undefined,
      grant: async () => ({
        token: "t",
        expires: "2026-11-22T18:04:12Z",
        iceServers: [],
        url: "/video/whep/n01.front",
      }),
    },
    wants: { incidentsOf: () => incidents },
    lookWithout: (user: string, stream: string) => recorded.push(`none ${user} ${stream}`),
  } as never);
  const watch = async (body: object) => {
    const answer = await app.inject({ method: "POST", url: "/api/video/watch", payload: body });
    assert.equal(answer.statusCode, 200);
  };
  return { recorded, incidents, watch, close: () => app.close() };
}

test("a renewal of what nobody looked at is recorded as a look, and the one after it is not", async () => {
  const { recorded, watch, close } = await world();
  await watch({ stream: "n01.front", incident: "i7", renew: true });
  assert.deepEqual(recorded, ["i7 viewed ann watches n01.front"]);
  await watch({ stream: "n01.front", incident: "i7", renew: true });
  assert.equal(recorded.length, 1);
  await watch({ stream: "n01.front", incident: "i8", renew: true });
  assert.deepEqual(recorded.slice(1), ["i8 viewed ann watches n01.front"]);
  await watch({ stream: "n01.front", incident: "i8" });
  assert.equal(recorded.length, 3);
  await close();
});

test("a look for no incident goes on the record of one that came since, and of none where there is none", async () => {
  const { recorded, incidents, watch, close } = await world();
  await watch({ stream: "n01.front" });
  incidents.push("i2");
  await watch({ stream: "n01.front", renew: true });
  assert.deepEqual(recorded, ["i1 viewed ann watches n01.front", "i2 viewed ann watches n01.front"]);
  incidents.length = 0;
  await watch({ stream: "n01.front", renew: true });
  await watch({ stream: "n01.front", renew: true });
  assert.deepEqual(recorded.slice(2), ["none ann n01.front"]);
  await close();
});

test("a look goes on for three minutes after it was last renewed, for that person, stream and incident", () => {
  const looks = new Looks();
  assert.equal(looks.note("ann", "s", "i", 0), false);
  assert.equal(looks.note("ann", "s", "i", 170_000), true);
  assert.equal(looks.note("ann", "s", "i", 340_000), true);
  for (const [user, stream, incident] of [
    ["bob", "s", "i"],
    ["ann", "r", "i"],
    ["ann", "s", "j"],
  ] as const)
    assert.equal(looks.note(user, stream, incident, 341_000), false);
  assert.equal(looks.note("ann", "s", "i", 520_001), false);
});

test.run();
