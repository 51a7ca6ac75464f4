import { test } from "uvu";
import * as assert from "uvu/assert";
import type { LiveEvent } from "#contract/ops-api.ts";
import { backoffMs, keepLive, type Link, type Socket } from "./live.ts";
import { clockOffsetMs, hear } from "./store.ts";

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown; atMs?: number }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;
  close() {
    this.closed = true;
  }
  say(event: Partial<LiveEvent>, atMs?: number) {
    this.onmessage?.({ data: JSON.stringify(event), ...(atMs !== undefined && { atMs }) });
  }
}

function start(
  options: { missed?: (event: LiveEvent, heardMs: number) => boolean; mayRetry?: () => Promise<boolean> } = {},
) {
  const sockets: FakeSocket[] = [];
  const links: Link[] = [];
  const stop = new AbortController();
  const retry = keepLive({
    open: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    nowMs: () => Date.now(),
    jitter: () => 0,
    onEvent: options.missed ?? (() => false),
    onLink: (link) => links.push(link),
    mayRetry: options.mayRetry ?? (async () => true),
    signal: stop.signal,
  });
  return { sockets, links, stop, retry };
}

async function until(condition: () => boolean) {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("did not happen within 5 s");
    await new Promise((done) => setTimeout(done, 5));
  }
}

test("waits double from 0.25 s to 8 s, and jitter takes off a quarter at most", () => {
  assert.equal(
    [0, 1, 2, 3, 4, 5, 6, 40].map((n) => backoffMs(n, 0)),
    [250, 500, 1000, 2000, 4000, 8000, 8000, 8000],
  );
  assert.is(backoffMs(5, 1), 6000);
});

test("what was held for 1.3 s and is told now leaves the gateway's clock right, as does what comes now", () => {
  const offsets: number[] = [];
  const { sockets, stop } = start({
    missed: (event, heardMs) => {
      const missed = hear(event, heardMs);
      offsets.push(clockOffsetMs.value);
      return missed;
    },
  });
  // The gateway's clock is a minute ahead.
  const said = (ms: number) => new Date(ms + 60_000).toISOString();
  const health = {} as never;
  const heldMs = Date.now() - 1300;
  sockets[0]!.say({ type: "snapshot", seq: 1, at: said(heldMs), incidents: [], total: 0, nodes: [], health }, heldMs);
  sockets[0]!.say({ type: "health", seq: 2, at: said(Date.now()), health });
  stop.abort();
  // A difference of up to 250 ms is left as it was.
  assert.equal(offsets, [60_000, 60_000]);
});

test("a closed link is lost since it last said something, and is opened again", async () => {
  const { sockets, links, stop } = start();
  sockets[0]!.say({ type: "health", seq: 1 });
  const heardMs = Date.now();
  sockets[0]!.onclose?.();
  const lost = links.at(-1)!;
  assert.is(lost.kind, "lost");
  assert.ok(lost.kind === "lost" && Math.abs(lost.sinceMs - heardMs) < 1000 && lost.retryAtMs - heardMs >= 240);
  await until(() => sockets.length === 2);
  sockets[1]!.say({ type: "snapshot", seq: 1 });
  assert.is(links.at(-1)?.kind, "live");
  stop.abort();
  assert.is(sockets[1]!.closed, true);
});

test("a missed event opens the link anew at once, for a new snapshot", () => {
  const { sockets, stop } = start({ missed: (event) => event.seq === 9 });
  sockets[0]!.say({ type: "health", seq: 1 });
  sockets[0]!.say({ type: "health", seq: 9 });
  assert.is(sockets.length, 2);
  assert.is(sockets[0]!.closed, true);
  stop.abort();
});

test("where the session is over nothing is tried again", async () => {
  let asked = 0;
  const { sockets, stop, retry } = start({
    mayRetry: async () => {
      asked += 1;
      return false;
    },
  });
  sockets[0]!.onclose?.();
  retry();
  await until(() => asked === 1);
  await new Promise((done) => setTimeout(done, 20));
  assert.is(sockets.length, 1);
  stop.abort();
});

test("after the end nothing is opened", async () => {
  const { sockets, stop, retry } = start();
  stop.abort();
  retry();
  await new Promise((done) => setTimeout(done, 20));
  assert.is(sockets.length, 1);
});

test.run();
