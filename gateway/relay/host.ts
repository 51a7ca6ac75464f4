/** Joins the pipe to the relay: starts it, carries orders in, figures and pieces of recordings out. */
import type { FastifyInstance } from "fastify";
import { makeRelayServer } from "./http.ts";
import type { FromRelay, RelayStart, ToRelay } from "./pipe.ts";
import { Recorder } from "./record/recorder.ts";
import { Relay } from "./relay.ts";
import { keyframeOf } from "./still.ts";
import { tokenChecker } from "./tokens.ts";

const FIGURES_MS = 1_000;

export class RelayHost {
  readonly #say: (message: FromRelay) => void;
  #relay: Relay | undefined;
  #app: FastifyInstance | undefined;
  #start: RelayStart | undefined;
  #figures: NodeJS.Timeout | undefined;
  readonly #recorders = new Map<string, { recorder: Recorder; stream: string }>();

  constructor(say: (message: FromRelay) => void) {
    this.#say = say;
  }

  async take(message: ToRelay): Promise<void> {
    switch (message.type) {
      case "start":
        return this.#begin(message);
      case "ping":
        return this.#say({ type: "pong", n: message.n });
      case "stop":
        return this.stop();
      case "end":
        this.#relay?.endWhere(
          ({ stream, claims }) =>
            (message.stream === undefined || stream.name === message.stream) &&
            (message.sub === undefined || claims.sub === message.sub) &&
            (message.act === undefined || claims.act === message.act),
          message.why,
        );
        return;
      case "record":
        return this.#record(message.recording, message.stream, message.media);
      case "unrecord":
        return this.#unrecord(message.recording);
      case "anew":
        return this.#recorders.get(message.recording)?.recorder.anew(message.run);
      case "still": {
        const group = this.#relay?.streams.get(message.stream)?.caches.video.group() ?? [];
        this.#say({ type: "still", id: message.id, ...keyframeOf(group) });
      }
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#figures);
    await Promise.all([...this.#recorders.keys()].map((recording) => this.#unrecord(recording)));
    await this.#relay?.close("the relay stops");
    await this.#app?.close();
    process.disconnect?.();
  }

  async #begin(start: RelayStart): Promise<void> {
    this.#start = start;
    const relay = new Relay({
      ice: start.ice,
      limits: start.limits,
      hooks: {
        event: (event) => this.#say({ type: "event", event }),
        log: (level, facts, text) => this.#say({ type: "log", level, facts, text }),
      },
    });
    this.#relay = relay;
    this.#app = makeRelayServer({
      relay,
      check: await tokenChecker(start.publicJwk),
      iceServers: start.iceServers,
      failed: (error, url) =>
        this.#say({
          type: "log",
          level: "error",
          facts: { error: error.message, stack: error.stack, url },
          text: "request failed",
        }),
    });
    await this.#app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = this.#app.addresses()[0] as { port: number };
    this.#figures = setInterval(() => this.#tell(relay), FIGURES_MS);
    this.#say({ type: "ready", port });
  }

  #record(recording: string, name: string, media: ("video" | "audio")[]): void {
    const relay = this.#relay;
    const start = this.#start;
    if (!relay || !start || this.#recorders.has(recording)) return;
    const stream = relay.stream(name);
    const recorder = new Recorder({
      media,
      ffmpeg: start.ffmpeg,
      fragmentS: start.fragmentS,
      piece: (piece) => this.#say({ type: "piece", recording, ...piece }),
      gap: (atMs, why, to) => this.#say({ type: "gap", recording, atMs, why, ...to }),
      askKeyframe: () => stream.askKeyframe(),
      log: (text) => this.#say({ type: "log", level: "warn", facts: { recording, stream: name }, text }),
      nowMs: () => performance.timeOrigin + performance.now(),
    });
    this.#recorders.set(recording, { recorder, stream: name });
    stream.taps.add(recorder);
    for (const media of stream.caches.video.group()) recorder.media(media);
    stream.askKeyframe();
  }

  async #unrecord(recording: string): Promise<void> {
    const found = this.#recorders.get(recording);
    if (!found) return;
    this.#recorders.delete(recording);
    this.#relay?.streams.get(found.stream)?.taps.delete(found.recorder);
    this.#relay?.tidy(found.stream);
    await found.recorder.close();
    this.#say({ type: "recorded", recording });
  }

  #tell(relay: Relay): void {
    const streams = Object.fromEntries([...relay.streams].map(([name, stream]) => [name, stream.figures()]));
    const total: Record<string, number> = { ...relay.counters, sessions: relay.sessions.size };
    const add = (name: string, n: number) => {
      total[name] = (total[name] ?? 0) + n;
    };
    for (const { publisher, viewers, participants } of relay.streams.values()) {
      if (publisher) {
        const { ingest } = publisher;
        for (const [name, n] of Object.entries(ingest.counters)) add(`publishers_${name}`, n);
        add("publishers_droppedUnknown", ingest.unknownPackets);
        for (const [name, n] of Object.entries(ingest.repairs)) add(`publishers_${name}`, n);
      }
      for (const viewer of viewers.values()) {
        const { packets, octets, again, heldBack } = viewer.figures();
        add("viewers_packets", packets);
        add("viewers_octets", octets);
        add("viewers_again", again);
        add("viewers_heldBack", heldBack);
        for (const [name, n] of Object.entries(viewer.counters)) add(`viewers_${name}`, n);
      }
      for (const [name, n] of Object.entries(participants.counters)) add(`data_${name}`, n);
    }
    for (const { recorder } of this.#recorders.values()) {
      recorder.tick();
      for (const [name, n] of Object.entries(recorder.counters)) add(`recorders_${name}`, n);
    }
    this.#say({ type: "figures", streams, counters: total });
  }
}
