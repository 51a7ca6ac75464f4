/**
 * A dock whose controller is on the network: one JSON object a line over TCP. The dock says its state at every change and twice a second:
 * `{"state":{"door":"closed","padOccupied":true,"charger":"on","airTempC":21,"tampered":false,"stopPressed":false}}`. We say `{"beat":n}` twice a
 * second (a silent host makes the dock stop its door) and `{"ask":n,"do":"openDoor"|"closeDoor"|"charger"|"acknowledgeTamper","on":true}`,
 * answered by `{"answer":n,"ok":true}` or `{"answer":n,"ok":false,"why":"obstructed","detail":"..."}`.
 */
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import * as v from "valibot";
import { Fault } from "#contract/errors.ts";
import { Silence } from "#core/clock/silence.ts";
import type { Dock, DockResult, DockState } from "../dock-port.ts";
import type { Log } from "../ports.ts";
import { backoffMs } from "./retry.ts";

const Line = v.union([
  v.object({
    state: v.object({
      door: v.picklist(["open", "closed", "opening", "closing", "jammed", "unknown"]),
      padOccupied: v.optional(v.boolean()),
      charger: v.picklist(["off", "on", "fault"]),
      airTempC: v.optional(v.pipe(v.number(), v.finite())),
      tampered: v.boolean(),
      stopPressed: v.boolean(),
    }),
  }),
  v.object({ answer: v.number(), ok: v.literal(true) }),
  v.object({
    answer: v.number(),
    ok: v.literal(false),
    why: v.picklist(["link", "obstructed", "stopped", "jammed", "timeout", "unsupported"]),
    detail: v.string(),
  }),
]);

const beatMs = 500;
const silentMs = 2000;
const answerMs = 2000;
const mostBytes = 64_000;

export interface TcpDockOptions {
  name: string;
  host: string;
  port: number;
  log: Log;
}

export class TcpDock implements Dock {
  readonly name: string;
  readonly counters = { connections: 0, refusedLines: 0 };
  readonly #options: TcpDockOptions;
  readonly #listeners = new Set<(state: DockState) => void>();
  readonly #asked = new Map<number, (result: DockResult) => void>();
  readonly #beat: NodeJS.Timeout;
  #waitMs = backoffMs(100, 2000);
  #socket: Socket | undefined;
  #retry: NodeJS.Timeout | undefined;
  readonly #silence = new Silence(beatMs, silentMs, performance.now());
  #heardMs = -Infinity;
  #number = 0;
  #closed = false;
  #state: DockState = {
    link: "absent",
    door: "unknown",
    charger: "off",
    tampered: false,
    stopPressed: false,
    atMs: performance.now(),
  };

  constructor(options: TcpDockOptions) {
    this.#options = options;
    this.name = options.name;
    this.#connect();
    this.#beat = setInterval(() => this.#tick(), beatMs);
  }

  get state(): DockState {
    return this.#state;
  }

  onState(listener: (state: DockState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  ready(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const off = this.onState((state) => {
        if (state.link === "up") settle();
      });
      const settle = (error?: Fault) => {
        off();
        signal?.removeEventListener("abort", stop);
        if (error) reject(error);
        else resolve();
      };
      const { host, port } = this.#options;
      const stop = () => settle(new Fault("failed", `the dock at ${host}:${port} was not heard`));
      if (this.#state.link === "up") settle();
      else if (signal?.aborted) stop();
      else signal?.addEventListener("abort", stop, { once: true });
    });
  }

  openDoor(): Promise<DockResult> {
    return this.#ask({ do: "openDoor" });
  }

  closeDoor(): Promise<DockResult> {
    return this.#ask({ do: "closeDoor" });
  }

  setCharger(on: boolean): Promise<DockResult> {
    return this.#ask({ do: "charger", on });
  }

  acknowledgeTamper(): Promise<DockResult> {
    return this.#ask({ do: "acknowledgeTamper" });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#beat);
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    this.#giveUp();
  }

  #connect(): void {
    const { host, port, log } = this.#options;
    const socket = connect({ host, port, noDelay: true });
    this.#socket = socket;
    socket.once("connect", () => {
      this.counters.connections++;
      this.#waitMs = backoffMs(100, 2000);
      log.info({ host, port }, "connected to the dock");
    });
    const lines = createInterface({ input: socket });
    // readline passes its input's errors on; the socket's own listener has them.
    lines.on("error", () => undefined);
    let pending = 0;
    socket.on("data", (chunk: Buffer) => {
      pending = chunk.includes(10) ? 0 : pending + chunk.length;
      if (pending > mostBytes) socket.destroy(new Error("a line without an end"));
    });
    lines.on("line", (line) => this.#hear(line));
    socket.on("error", (error) => log.debug({ host, port, error: error.message }, "dock"));
    socket.once("close", () => {
      lines.close();
      this.#giveUp();
      if (this.#closed) return;
      this.#retry = setTimeout(() => this.#connect(), this.#waitMs.next().value);
    });
  }

  #hear(line: string): void {
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch {
      json = undefined;
    }
    const parsed = v.safeParse(Line, json);
    if (!parsed.success) {
      this.counters.refusedLines++;
      return;
    }
    const said = parsed.output;
    if ("state" in said) {
      this.#heardMs = performance.now();
      this.#say({ link: "up", ...said.state, atMs: this.#heardMs });
      return;
    }
    this.#asked.get(said.answer)?.(said.ok ? { ok: true } : { ok: false, why: said.why, detail: said.detail });
  }

  #say(state: DockState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }

  #tick(): void {
    if (this.#socket?.writable) this.#socket.write(`${JSON.stringify({ beat: ++this.#number })}\n`);
    const lastsMs = this.#silence.lastsMs(this.#heardMs, performance.now());
    if (this.#state.link === "up" && lastsMs > silentMs) {
      this.#say({ ...this.#state, link: "lost", atMs: performance.now() });
    }
  }

  #ask(what: { do: string; on?: boolean }): Promise<DockResult> {
    const ask = ++this.#number;
    const socket = this.#socket;
    if (!socket?.writable || this.#state.link !== "up") {
      return Promise.resolve({ ok: false, why: "link", detail: "the dock is not heard" });
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => done({ ok: false, why: "timeout", detail: "the dock did not answer" }), answerMs);
      const done = (result: DockResult) => {
        clearTimeout(timer);
        this.#asked.delete(ask);
        resolve(result);
      };
      this.#asked.set(ask, done);
      socket.write(`${JSON.stringify({ ask, ...what })}\n`);
    });
  }

  #giveUp(): void {
    for (const done of [...this.#asked.values()])
      done({ ok: false, why: "link", detail: "the connection to the dock broke" });
    if (this.#state.link === "up") this.#say({ ...this.#state, link: "lost", atMs: performance.now() });
  }
}
