/** A lossy piece of network in user space: stands between a viewer and the relay as the only way, and loses packets both ways. */
import { createSocket, type Socket } from "node:dgram";

export interface Dropper {
  port: number;
  counters: { up: number; down: number; lostUp: number; lostDown: number };
  close(): void;
}

/** @param to the relay's port on this machine. @param random decides, 0 to 1; seeded by who calls. */
export async function startDropper(to: number, lossRatio: number, random: () => number): Promise<Dropper> {
  const counters = { up: 0, down: 0, lostUp: 0, lostDown: 0 };
  const [outer, inner] = [createSocket("udp4"), createSocket("udp4")];
  let viewer: number | undefined;
  outer.on("message", (data, { port }) => {
    viewer = port;
    counters.up++;
    if (random() < lossRatio) counters.lostUp++;
    else inner.send(data, to, "127.0.0.1");
  });
  inner.on("message", (data) => {
    counters.down++;
    if (viewer === undefined || random() < lossRatio) counters.lostDown++;
    else outer.send(data, viewer, "127.0.0.1");
  });
  const bind = (socket: Socket) => new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  await Promise.all([bind(outer), bind(inner)]);
  return {
    port: outer.address().port,
    counters,
    close: () => {
      outer.close();
      inner.close();
    },
  };
}

/** The same numbers each time (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** An answer whose only candidate is the dropper; and the offer without the viewer's own, so that the relay knows no other way. */
export const withoutCandidates = (sdp: string) => sdp.replaceAll(/^a=(candidate:.*|end-of-candidates)\r?\n/gm, "");
export function throughDropper(sdp: string, port: number): string {
  const candidate = `a=candidate:1 1 udp 2113937151 127.0.0.1 ${port} typ host\r\na=end-of-candidates\r\n`;
  return withoutCandidates(sdp).replaceAll(/^(a=ice-ufrag:.*\r?\n)/gm, `${candidate}$1`);
}

/** Port of the first loopback candidate of an answer. */
export function portOf(sdp: string): number {
  const found = /^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+) /im.exec(sdp)?.[1];
  if (found === undefined) throw new Error("the answer has no loopback candidate");
  return Number(found);
}
