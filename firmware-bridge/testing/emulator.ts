/** Real firmware on an emulated ATmega328P, as a byte stream: what a serial port would be. For tests. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { Worker } from "node:worker_threads";

export interface EmulatorOptions {
  hexPath: string;
  doorOpen?: boolean;
  doorTravelS?: number;
  /** Seconds of the microcontroller's own clock between PPS edges: 1.00002 is a clock 20 ppm fast. */
  ppsEveryS?: number;
  wordClockHz?: number;
  /** Seconds of the chip a second; default 1. */
  speed?: number;
}

export interface Pins {
  motorOpen: boolean;
  motorClose: boolean;
  charger: boolean;
  lamp: boolean;
  /** 0 closed to 1 open. */
  door: number;
  servoUs: [number, number];
  lamps: [boolean, boolean];
}

export type ToEmulator =
  | { type: "bytes"; bytes: Uint8Array }
  | { type: "input"; port: "c" | "d"; pin: number; high: boolean }
  | { type: "volts"; channel: number; volts: number }
  | { type: "jam"; jammed: boolean }
  | { type: "hang" }
  | { type: "pause"; paused: boolean }
  | { type: "stop" };
export type FromEmulator = { type: "bytes"; bytes: Uint8Array } | { type: "pins"; pins: Pins };

export interface Emulator {
  readonly stream: Duplex;
  readonly pins: Pins;
  /** Every state of the outputs since the start, oldest first. */
  readonly history: readonly Pins[];
  padOccupied(on: boolean): void;
  breakBarrier(on: boolean): void;
  pressStop(on: boolean): void;
  openTamperLoop(on: boolean): void;
  airTempC(celsius: number): void;
  jamDoor(jammed: boolean): void;
  /** The program runs in a circle, as if a bit of its memory had flipped. */
  hang(): void;
  /** Stops the chip's clock: as if its cable were pulled. */
  pause(paused: boolean): void;
  stop(): Promise<void>;
}

/**
 * Builds the firmware with avr-gcc into `folder`, by default one that goes when the process ends; undefined, with the reason on stderr, where there is
 * no avr-gcc or make.
 */
export function buildFirmware(
  folder = passingFolder(),
): { dock: string; panTilt: string; robot: string; hostCheck: string } | undefined {
  const built = spawnSync("make", ["-s", "-C", join(import.meta.dirname, "..", "firmware"), `OUT=${folder}`], {
    encoding: "utf8",
  });
  if (built.status === 0) {
    return {
      dock: join(folder, "dock.hex"),
      panTilt: join(folder, "pan-tilt.hex"),
      robot: join(folder, "robot.hex"),
      hostCheck: join(folder, "host-check"),
    };
  }
  process.stderr.write(
    `skipped: no firmware without make, cc, gcc-avr and avr-libc: ${built.error?.message ?? built.stderr.slice(0, 500)}\n`,
  );
  return undefined;
}

function passingFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-firmware-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function startEmulator(options: EmulatorOptions): Emulator {
  const worker = new Worker(new URL("./emulator-worker.ts", import.meta.url), { workerData: options });
  const say = (message: ToEmulator) => worker.postMessage(message);
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      say({ type: "bytes", bytes: Uint8Array.from(chunk) });
      done();
    },
  });
  const history: Pins[] = [];
  let pins: Pins = {
    motorOpen: false,
    motorClose: false,
    charger: false,
    lamp: false,
    door: 0,
    servoUs: [0, 0],
    lamps: [false, false],
  };
  worker.on("message", (message: FromEmulator) => {
    if (message.type === "bytes") stream.push(Buffer.from(message.bytes));
    else {
      pins = message.pins;
      history.push(pins);
      if (history.length > 10_000) history.shift();
    }
  });
  worker.on("error", (error) => stream.destroy(error));
  return {
    stream,
    get pins() {
      return pins;
    },
    history,
    // Levels at the pins: see the wiring in dock-atmega328p.c.
    padOccupied: (on) => say({ type: "input", port: "d", pin: 5, high: !on }),
    breakBarrier: (on) => say({ type: "input", port: "d", pin: 6, high: on }),
    pressStop: (on) => say({ type: "input", port: "d", pin: 7, high: on }),
    openTamperLoop: (on) => say({ type: "input", port: "c", pin: 1, high: on }),
    airTempC: (celsius) => say({ type: "volts", channel: 0, volts: 0.5 + celsius / 100 }),
    jamDoor: (jammed) => say({ type: "jam", jammed }),
    hang: () => say({ type: "hang" }),
    pause: (paused) => say({ type: "pause", paused }),
    async stop() {
      stream.destroy();
      await worker.terminate();
    },
  };
}
