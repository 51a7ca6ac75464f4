/** A node's bus that also tells the neighbours what it hears while the gateway is out of reach. */
import type { Channel, MessageOf } from "#contract/channel.ts";
import { type ShotHeard, shotHeard } from "#contract/shot.ts";
import type { Bus, Log } from "../ports.ts";

/** A dead gateway is noticed late: what was said shortly before is told to the neighbours as well. */
const LATELY_MS = 20_000;
const MOST_LATELY = 100;

/** @param signal ends the listening for the gateway's link. */
export function toldToNeighbours(gateway: Bus, neighbours: Bus, log: Log, signal: AbortSignal): Bus {
  let lately: { message: ShotHeard; saidMs: number }[] = [];
  // The outbox has it: a neighbour that cannot be told is no reason to fail.
  const tell = (message: ShotHeard) =>
    neighbours
      .publish(shotHeard, message)
      .catch((err: unknown) => log.error({ err }, "the neighbours could not be told"));
  const forget = gateway.onLink((reachable) => {
    if (reachable) return;
    const sinceMs = performance.now() - LATELY_MS;
    for (const { message, saidMs } of lately) if (saidMs >= sinceMs) void tell(message);
    lately = [];
  });
  signal.addEventListener("abort", forget, { once: true });
  return {
    async publish<C extends Channel>(channel: C, message: MessageOf<C>, options?: { to?: string }): Promise<void> {
      if (channel.name === shotHeard.name) {
        if (!gateway.connected) void tell(message as ShotHeard);
        else if (lately.push({ message: message as ShotHeard, saidMs: performance.now() }) > MOST_LATELY)
          lately.shift();
      }
      await gateway.publish(channel, message, options);
    },
    subscribe: (channel, handler, options) => gateway.subscribe(channel, handler, options),
    get connected() {
      return gateway.connected;
    },
    onLink: (listener) => gateway.onLink(listener),
    counters: gateway.counters,
    close: () => gateway.close(),
  };
}
