/**
 * A link that loses datagrams, in user space: one UDP socket stands before the relay as the only candidate that a peer is offered, another carries on
 * to the relay. Both directions are diced; what was lost is counted.
 */
import { createSocket, type RemoteInfo } from "node:dgram";
import type { AddressInfo } from "node:net";

export interface BadLink {
  readonly port: number;
  readonly relaySidePort: number;
  readonly counters: { up: number; upLost: number; down: number; downLost: number };
  /** Share that is lost from now on. */
  setLoss(share: number): void;
  /** Bits per second that pass towards the relay, with a queue of a quarter of a second before them; undefined: as many as come. */
  setRate(bitrateBps: number | undefined): void;
  target: { host: string; port: number } | undefined;
  close(): void;
}

const QUEUE_S = 0.25;

/** @param loss share of datagrams that is lost, each way. Diced with a fixed seed. @param delayMs that each takes, each way. */
export async function openBadLink(loss: number, { seed = 1, delayMs = 0 } = {}): Promise<BadLink> {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const counters = { up: 0, upLost: 0, down: 0, downLost: 0 };
  const outer = createSocket("udp4");
  const inner = createSocket("udp4");
  let share = loss;
  let rateBps: number | undefined;
  let freeAtMs = 0;
  let peer: RemoteInfo | undefined;
  const timers = new Set<NodeJS.Timeout>();
  const forward = (bytes: Buffer) => {
    const { target } = link;
    if (target && open) inner.send(bytes, target.port, target.host);
  };
  const later = (bytes: Buffer, afterMs: number, pass: (bytes: Buffer) => void) => {
    const copy = Buffer.from(bytes);
    const timer = setTimeout(() => {
      timers.delete(timer);
      pass(copy);
    }, afterMs);
    timers.add(timer);
  };
  const back = (bytes: Buffer) => {
    if (peer && open) outer.send(bytes, peer.port, peer.address);
  };
  outer.on("message", (bytes, from) => {
    peer = from;
    counters.up++;
    if (random() < share) {
      counters.upLost++;
      return;
    }
    if (rateBps === undefined) {
      if (delayMs > 0) later(bytes, delayMs, forward);
      else forward(bytes);
      return;
    }
    const nowMs = performance.now();
    const startMs = Math.max(nowMs, freeAtMs);
    if (startMs - nowMs > QUEUE_S * 1000) {
      counters.upLost++;
      return;
    }
    freeAtMs = startMs + (bytes.length * 8000) / rateBps;
    later(bytes, freeAtMs - nowMs + delayMs, forward);
  });
  inner.on("message", (bytes) => {
    counters.down++;
    if (random() < share) counters.downLost++;
    else if (delayMs > 0) later(bytes, delayMs, back);
    else back(bytes);
  });
  let open = true;
  await Promise.all(
    [outer, inner].map((socket) => new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", () => resolve()))),
  );
  const link: BadLink = {
    port: (outer.address() as AddressInfo).port,
    relaySidePort: (inner.address() as AddressInfo).port,
    counters,
    target: undefined,
    setLoss: (to) => {
      share = to;
    },
    setRate: (to) => {
      rateBps = to;
    },
    close() {
      if (!open) return;
      open = false;
      for (const timer of timers) clearTimeout(timer);
      outer.close();
      inner.close();
    },
  };
  return link;
}

/** The relay's answer, with the link's socket as its only candidate. */
export function throughLink(answer: string, link: BadLink): string {
  const port = /^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+) typ host/im.exec(answer)?.[1];
  if (port === undefined) throw new Error("the relay offers no candidate on loopback");
  link.target = { host: "127.0.0.1", port: Number(port) };
  return onlyCandidate(answer, link.port);
}

/** A peer's offer, with the link's other socket as its only candidate. */
export const fromLink = (offer: string, link: BadLink) => onlyCandidate(offer, link.relaySidePort);

function onlyCandidate(sdp: string, port: number): string {
  const line = `a=candidate:1 1 udp 2130706431 127.0.0.1 ${port} typ host generation 0\r\n`;
  const without = sdp.replace(/^a=candidate:.*\r?\n/gm, "");
  return without.replace(/^(m=.*\r?\n)/m, `$1${line}`);
}
