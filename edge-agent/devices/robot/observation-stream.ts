/**
 * Port `Perception` over a line of JSON a look, from a detector's own process: on a robot's GPU board, or the simulated one. The first
 * line says which detectors are there; `docs/robot.md` has the form.
 */
import { connect, type Socket } from "node:net";
import * as v from "valibot";
import { faultsOf } from "#contract/channel.ts";
import { Finite, NonNegative, nsOfUtc, Probability, UtcNs } from "#contract/units.ts";
import type { Observation, ObservationLook, Perception } from "../../perception-port.ts";
import type { Log } from "../../ports.ts";

const Kind = v.picklist(["person", "vehicle", "face", "sound"]);
const Detector = v.pipe(v.string(), v.minLength(1), v.maxLength(64));
const Hello = v.object({
  available: v.pipe(v.array(Detector), v.maxLength(64)),
  unavailable: v.optional(v.pipe(v.array(v.object({ detector: Detector, why: v.string() })), v.maxLength(64)), []),
});
const LookLine = v.object({
  at: UtcNs,
  sensor: v.pipe(v.string(), v.minLength(1), v.maxLength(48)),
  view: v.object({ widthDeg: v.pipe(NonNegative, v.maxValue(360)), maxRangeM: NonNegative }),
  sees: v.pipe(v.array(Kind), v.maxLength(4)),
  observations: v.pipe(
    v.array(
      v.object({
        kind: Kind,
        azimuthDeg: v.pipe(Finite, v.minValue(-360), v.maxValue(360)),
        sigmaDeg: v.pipe(NonNegative, v.gtValue(0)),
        elevationDeg: v.optional(Finite),
        elevationSigmaDeg: v.optional(NonNegative),
        rangeM: v.optional(NonNegative),
        rangeSigmaM: v.optional(NonNegative),
        score: Probability,
        marks: v.optional(v.record(v.pipe(v.string(), v.maxLength(64)), Probability)),
        trackHint: v.optional(v.pipe(v.string(), v.maxLength(64))),
      }),
    ),
    v.maxLength(256),
  ),
});

const RETRY_MS = 1000;
/** A line longer than this is no look. */
const MOST_LINE_BYTES = 65_536;

export interface ObservationStreamOptions {
  host: string;
  port: number;
  log: Log;
  signal: AbortSignal;
}

/** Keeps trying until the signal aborts. Nothing is `available` before the detector has said so; what it said holds over a lost connection. */
export function openObservationStream({ host, port, log, signal }: ObservationStreamOptions): Perception {
  const name = `${host}:${port}`;
  const listeners = new Set<(look: ObservationLook) => void>();
  const counters = { looks: 0, badLines: 0, connections: 0 };
  let hello: v.InferOutput<typeof Hello> | undefined;
  let connected = false;
  let awaitsHello = true;

  function line(text: string): void {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      counters.badLines += 1;
      return;
    }
    if (awaitsHello) {
      const parsed = v.safeParse(Hello, json);
      if (!parsed.success) {
        counters.badLines += 1;
        log.warn({ name, faults: faultsOf(parsed.issues) }, "the detector's first line does not say what it detects");
        return;
      }
      hello = parsed.output;
      awaitsHello = false;
      log.info({ name, ...hello }, "the detector says what it detects");
      return;
    }
    const parsed = v.safeParse(LookLine, json);
    if (!parsed.success) {
      counters.badLines += 1;
      if (counters.badLines === 1) log.warn({ name, faults: faultsOf(parsed.issues) }, "a line is no look");
      return;
    }
    counters.looks += 1;
    const at = nsOfUtc(parsed.output.at);
    const observations = parsed.output.observations.map((each) => ({ ...each, at }) as Observation);
    const look: ObservationLook = { ...parsed.output, at, observations };
    for (const listener of listeners) listener(look);
  }

  let socket: Socket | undefined;
  let retry: NodeJS.Timeout | undefined;
  let told = false;
  function open(): void {
    let rest = "";
    socket = connect({ host, port });
    socket.setEncoding("utf8");
    socket.on("connect", () => {
      connected = true;
      awaitsHello = true;
      counters.connections += 1;
      told = false;
      log.info({ name }, "connected to the detector");
    });
    socket.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MOST_LINE_BYTES) {
        counters.badLines += 1;
        rest = "";
      }
      for (const each of lines) if (each !== "") line(each);
    });
    socket.on("error", (error) => {
      if (!told) log.warn({ name, why: error.message }, "no detector; trying again until it is there");
      told = true;
    });
    socket.on("close", () => {
      connected = false;
      if (!signal.aborted) retry = setTimeout(open, RETRY_MS);
    });
  }
  const stop = () => {
    clearTimeout(retry);
    socket?.destroy();
  };
  if (!signal.aborted) {
    signal.addEventListener("abort", stop, { once: true });
    open();
  }
  return {
    sensor: name,
    counters,
    get available() {
      return hello?.available ?? [];
    },
    get unavailable() {
      const silent = connected && hello ? [] : [{ detector: "connection", why: `no detector answers on ${name}` }];
      return [...silent, ...(hello?.unavailable ?? [])];
    },
    onLook(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
