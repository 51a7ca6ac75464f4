import { test } from "uvu";
import * as assert from "uvu/assert";
import { json } from "./api.ts";

/** What the console says of an answer that the network gave, or broke off. */
async function said(body: BodyInit): Promise<string> {
  const real = globalThis.fetch;
  globalThis.fetch = async () => new Response(body);
  try {
    const answer = await json("GET", "/api/callers");
    return answer.ok ? "ok" : answer.error;
  } finally {
    globalThis.fetch = real;
  }
}

const brokenOff = (why: Error) => new ReadableStream({ start: (stream) => stream.error(why) });

test("an answer that ends too late is not called wrong, and a wrong one not late", async () => {
  assert.is(await said('{"callers":[]}'), "ok");
  assert.is(await said("<html>"), "the gateway's answer is not JSON");
  assert.is(await said(brokenOff(new DOMException("", "TimeoutError"))), "the gateway did not answer within 8 s");
  assert.is(await said(brokenOff(new TypeError("network"))), "the gateway cannot be reached");
});

test.run();
