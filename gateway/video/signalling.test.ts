import assert from "node:assert/strict";
import fastify from "fastify";
import { test } from "uvu";
import { Refusal } from "../http/refusal.ts";
import { addSignalling } from "./signalling.ts";

test("whoever tries out tokens is stopped after sixty a minute; a good token from the same address goes on", async () => {
  const app = fastify();
  await addSignalling(app, {
    check: async (authorization) => {
      if (authorization !== "Bearer good") throw new Refusal(401, "the token is not valid");
      return { act: "view", stream: "n01.front" } as never;
    },
    // No relay: who comes past the door hears 503.
    port: () => undefined,
    recordings: undefined,
    fact: () => undefined,
  });
  const ask = async (token: string) =>
    (
      await app.inject({
        method: "POST",
        url: "/video/whep/n01.front",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/sdp" },
        payload: "v=0",
      })
    ).statusCode;
  assert.equal(await ask("good"), 503);
  const bad = [];
  for (let i = 0; i < 62; i++) bad.push(await ask(`bad${i}`));
  assert.deepEqual([...new Set(bad.slice(0, 60)), ...bad.slice(60)], [401, 429, 429]);
  assert.equal(await ask("good"), 503);
  await app.close();
});

test("without a relay a new session waits a second, and of an old one it is said at once that it is gone", async () => {
  const app = fastify();
  await addSignalling(app, {
    check: async () => ({ act: "publish", stream: "n01.front" }) as never,
    port: () => undefined,
    recordings: undefined,
    fact: () => undefined,
  });
  const ask = async (method: "POST" | "PATCH" | "DELETE", url: string) => {
    const { statusCode, headers } = await app.inject({ method, url });
    return [statusCode, headers["retry-after"]];
  };
  assert.deepEqual(await ask("POST", "/video/whip/n01.front"), [503, "1"]);
  assert.deepEqual(await ask("PATCH", "/video/whip/n01.front/session"), [404, undefined]);
  assert.deepEqual(await ask("DELETE", "/video/whip/n01.front/session"), [404, undefined]);
  await app.close();
});

test.run();
