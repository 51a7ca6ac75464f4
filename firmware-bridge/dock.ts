/** Port `Dock` over the firmware: the box with its door, charger, pad and stop button. */
import type { Duplex } from "node:stream";
import { Fault } from "#contract/errors.ts";
import { Silence } from "#core/clock/silence.ts";
import type { Dock, DockResult, DockState } from "#edge-agent/dock-port.ts";
import { createLink } from "./link.ts";
import { type DockReport, PROTOCOL_VERSION } from "./messages.ts";

/** The firmware reports five times a second. */
const lostAfterMs = 1200;
/** The firmware takes a host for silent after 2 s: eight words may be lost or late. */
const aliveEveryMs = 250;

/** WDRF in the ATmega328P's MCUSR (datasheet, 11.9.1). */
const byWatchdog = 0x08;

const door = { stop: 0, open: 1, close: 2 } as const;

export interface SerialDock extends Dock {
  /** An edge of the GNSS receiver's PPS: microcontroller ticks and microphone samples, both counted to 2^32 and round. */
  onPps(listener: (pps: { tick: number; samples: number; pulses: number; heardAtMs: number }) => void): () => void;
  /** Since this host listens: new starts of the firmware, and those of them that its watchdog caused. */
  readonly counters: { restarts: number; watchdogResets: number };
  /** Ticks per second that the firmware says of itself; undefined until it was heard. */
  readonly ticksPerS: number | undefined;
}

/** @param stream an open serial port, or the emulator. @param name for messages, such as the device's path. */
export function createSerialDock(stream: Duplex, name: string): SerialDock {
  const link = createLink(stream);
  const listeners = new Set<(state: DockState) => void>();
  const ppsListeners = new Set<Parameters<SerialDock["onPps"]>[0]>();
  const counters = { restarts: 0, watchdogResets: 0 };
  let resetCause = 0;
  let uptimeMs = 0;
  let ticksPerS: number | undefined;
  let wrongProtocol: number | undefined;
  let heard = false;
  let state: DockState = {
    link: "absent",
    door: "unknown",
    charger: "off",
    tampered: false,
    stopPressed: false,
    atMs: performance.now(),
  };

  const tell = (next: DockState) => {
    state = next;
    for (const listener of listeners) listener(next);
  };
  const take = (report: DockReport) => {
    heard = true;
    // Its identity, with the cause, comes before its first report. After 49 days the count begins anew by itself.
    if (report.uptimeMs < uptimeMs && uptimeMs < 2 ** 32 - 60_000) {
      counters.restarts += 1;
      if (resetCause & byWatchdog) counters.watchdogResets += 1;
    }
    uptimeMs = report.uptimeMs;
    tell({
      link: "up",
      door: report.door,
      padOccupied: report.padOccupied,
      charger: report.chargerOn ? "on" : "off",
      airTempC: report.airTempC,
      tampered: report.tampered,
      stopPressed: report.stopPressed,
      atMs: performance.now(),
    });
  };
  link.onMessage((message) => {
    if (message.kind === "state") take(message);
    else if (message.kind === "identity") {
      resetCause = message.resetCause;
      ticksPerS = message.ticksPerS;
      wrongProtocol = message.protocol === PROTOCOL_VERSION ? undefined : message.protocol;
    } else if (message.kind === "pps") {
      for (const listener of ppsListeners) listener({ ...message, heardAtMs: performance.now() });
    }
  });

  const silence = new Silence(aliveEveryMs, lostAfterMs, performance.now());
  const alive = setInterval(() => {
    const silentMs = silence.lastsMs(state.atMs, performance.now());
    void link.send(ticksPerS === undefined ? "hello" : "alive");
    if (state.link === "up" && silentMs > lostAfterMs) tell({ ...state, link: "lost" });
    else if (state.link !== "up") tell({ ...state });
  }, aliveEveryMs);
  alive.unref();
  void link.send("hello");

  async function command(name: "door" | "charger" | "tamperOk", argument?: number): Promise<DockResult> {
    if (wrongProtocol !== undefined) {
      const detail = `the dock's firmware speaks protocol ${wrongProtocol}, this host ${PROTOCOL_VERSION}: flash the firmware of this release`;
      return { ok: false, why: "unsupported", detail };
    }
    const result = await link.send(name, argument);
    switch (result) {
      case "ok":
        return { ok: true };
      case "obstructed":
        return { ok: false, why: "obstructed", detail: "the light barrier is broken or the pad has just changed" };
      case "stopped":
        return { ok: false, why: "stopped", detail: "the stop button is pressed; turn it out on site" };
      case "jammed":
        return { ok: false, why: "jammed", detail: "the door did not reach its limit switch" };
      case "unsupported":
        return { ok: false, why: "unsupported", detail: "the firmware does not know this command" };
      case "timeout":
        return state.link === "up"
          ? { ok: false, why: "timeout", detail: `no answer from the dock on ${name}` }
          : { ok: false, why: "link", detail: "the dock is not heard: check its power and cable" };
      default:
        return { ok: false, why: "link", detail: `the serial link to the dock on ${name} is ${result}` };
    }
  }

  return {
    name,
    counters,
    get state() {
      return state;
    },
    get ticksPerS() {
      return ticksPerS;
    },
    onState(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onPps(listener) {
      ppsListeners.add(listener);
      return () => ppsListeners.delete(listener);
    },
    ready(signal) {
      return new Promise((resolve, reject) => {
        const off = this.onState(() => {
          if (heard) settle();
        });
        const settle = (error?: Fault) => {
          off();
          signal?.removeEventListener("abort", stop);
          if (error) reject(error);
          else resolve();
        };
        const stop = () =>
          settle(
            new Fault(
              "failed",
              `the dock on ${name} was not heard: check its power, cable and the port in the configuration`,
            ),
          );
        if (heard) settle();
        else if (signal?.aborted) stop();
        else signal?.addEventListener("abort", stop, { once: true });
      });
    },
    openDoor: () => command("door", door.open),
    closeDoor: () => command("door", door.close),
    setCharger: (on) => command("charger", on ? 1 : 0),
    acknowledgeTamper: () => command("tamperOk"),
    async close() {
      clearInterval(alive);
      link.close();
    },
  };
}
