/** Open connections to the phones: what the gateway has for a page goes there at once; a page without one asks every few seconds. */
import type { WebSocket } from "@fastify/websocket";
import type { PhoneHears } from "#contract/caller-phone.ts";

/** A page opens a second one only where the first has died unnoticed. */
const MOST_EACH = 3;
/** A phone that does not read gets it at its next question. */
const MOST_WAITING_BYTES = 200_000;

export class PhoneSockets {
  readonly counters = { pushed: 0, skipped: 0 };
  readonly #sockets = new Map<string, Set<WebSocket>>();
  readonly #hears: (id: string) => PhoneHears;

  constructor(hears: (id: string) => PhoneHears) {
    this.#hears = hears;
  }

  get size(): number {
    let size = 0;
    for (const sockets of this.#sockets.values()) size += sockets.size;
    return size;
  }

  add(id: string, socket: WebSocket): void {
    const sockets = this.#sockets.get(id) ?? new Set<WebSocket>();
    this.#sockets.set(id, sockets.add(socket));
    if (sockets.size > MOST_EACH) (sockets.values().next().value as WebSocket).terminate();
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      sockets.delete(socket);
      if (sockets.size === 0 && this.#sockets.get(id) === sockets) this.#sockets.delete(id);
    });
    this.#send(socket, JSON.stringify(this.#hears(id)));
  }

  /** Tells the phone where it stands. */
  push(id: string): void {
    const sockets = this.#sockets.get(id);
    if (!sockets) return;
    const text = JSON.stringify(this.#hears(id));
    for (const socket of sockets) this.#send(socket, text);
  }

  close(): void {
    for (const sockets of this.#sockets.values()) for (const socket of sockets) socket.close(1001, "the gateway stops");
  }

  #send(socket: WebSocket, text: string): void {
    if (socket.readyState !== socket.OPEN || socket.bufferedAmount > MOST_WAITING_BYTES) {
      this.counters.skipped++;
      return;
    }
    this.counters.pushed++;
    socket.send(text);
  }
}
