/**
 * A camera's pan and tilt and a post's lamps on a Firmata board, by johnny-five. johnny-five hangs silently on a transport that does not say
 * `open`, and its own serialport is bound to an old ABI: it always gets an `io` of ours (see docs/decisions.md).
 */
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import firmataIo, { type Io } from "firmata-io";
import five from "johnny-five";
import { Fault } from "#contract/errors.ts";

export interface PanTiltOptions {
  /** Range of each axis, degrees of the servo: 0 to 180. */
  panDeg?: readonly [number, number];
  tiltDeg?: readonly [number, number];
  /** Gives up waiting for the board; once it has answered this does nothing any more. */
  signal?: AbortSignal;
  /** The board is asked so often whether it is there, and is lost when it did not answer three times. */
  askEveryMs?: number;
}

export interface PanTilt {
  /** Points the camera; angles beyond the configured range are cut to it. Returns where it points now. */
  point(panDeg: number, tiltDeg: number): { panDeg: number; tiltDeg: number };
  lamp(index: 0 | 1, on: boolean): void;
  /** Resolves with why the board is lost, or was closed. Never rejects. */
  readonly ended: Promise<string>;
  /** After what was said has gone out. */
  close(): Promise<void>;
}

const ASK_EVERY_MS = 2_000;
const UNANSWERED = 3;
const SENT_MS = 500;

/** What firmata-io wants of a serial port. */
class Transport extends EventEmitter {
  readonly #stream: Duplex;
  constructor(stream: Duplex) {
    super();
    this.#stream = stream;
    stream.on("data", (bytes: Buffer) => this.emit("data", bytes));
    stream.on("close", () => this.emit("close"));
    setImmediate(() => this.emit("open"));
  }
  write(bytes: Uint8Array | number[], done?: () => void): void {
    if (this.#stream.writable) this.#stream.write(Buffer.from(bytes), () => done?.());
  }
}

/** @param stream an open serial port at 57600 baud. Rejects with `Fault` when the board does not answer before the signal aborts. */
export function openPanTilt(stream: Duplex, options: PanTiltOptions = {}): Promise<PanTilt> {
  const { panDeg: panRange = [0, 180], tiltDeg: tiltRange = [0, 180], signal } = options;
  const io = new firmataIo.Firmata(new Transport(stream), { reportVersionTimeout: 1000 });
  const end = Promise.withResolvers<string>();
  const lost = (why: string) => {
    stream.destroy();
    end.resolve(why);
  };
  stream.on("error", (error: Error) => lost(error.message));
  stream.once("close", () => lost("the port was closed: is the cable in?"));
  io.on("error", (error: Error) => lost(error.message));
  return new Promise((resolve, reject) => {
    const refuse = (why: string) => {
      lost(why);
      reject(
        new Fault("failed", `pan-tilt board: ${why}; check its power, cable and that it runs Firmata at 57600 baud`),
      );
    };
    const giveUp = () => refuse("it did not answer");
    if (signal?.aborted) return giveUp();
    signal?.addEventListener("abort", giveUp, { once: true });
    void end.promise.then(refuse);
    // johnny-five keeps each of its boards for ever: it is told of one that answers, not of each attempt.
    io.once("ready", () => {
      // Its own handling of SIGINT would end the process before the roles have stopped.
      const board = new five.Board({ io, repl: false, debug: false, sigint: false } as five.BoardOption);
      (board as unknown as EventEmitter).once("ready", () => {
        signal?.removeEventListener("abort", giveUp);
        resolve(panTiltOf(board, { pan: panRange, tilt: tiltRange }, stream, end.promise));
        watch(io, options.askEveryMs ?? ASK_EVERY_MS, lost, end.promise);
      });
    });
  });
}

type Range = readonly [number, number];

function panTiltOf(
  board: five.Board,
  range: { pan: Range; tilt: Range },
  stream: Duplex,
  ended: Promise<string>,
): PanTilt {
  const pan = new five.Servo({ board, pin: 9, range: [...range.pan] });
  const tilt = new five.Servo({ board, pin: 10, range: [...range.tilt] });
  const lamps = [new five.Led({ board, pin: 5 }), new five.Led({ board, pin: 6 })] as const;
  const clip = (deg: number, [low, high]: Range) => Math.min(Math.max(deg, low), high);
  return {
    point(panDeg, tiltDeg) {
      const at = { panDeg: clip(panDeg, range.pan), tiltDeg: clip(tiltDeg, range.tilt) };
      pan.to(at.panDeg);
      tilt.to(at.tiltDeg);
      return at;
    },
    lamp(index, on) {
      if (on) lamps[index].on();
      else lamps[index].off();
    },
    ended,
    async close() {
      // A port that takes nothing any more does not hold up the end.
      await new Promise<void>((resolve) => {
        setTimeout(resolve, SENT_MS).unref();
        if (stream.writable) stream.write(Buffer.alloc(0), () => resolve());
        else resolve();
      });
      stream.destroy();
      await ended;
    },
  };
}

/** A board that fell silent, or was started anew and has forgotten its pins, is lost. */
function watch(io: Io, everyMs: number, lost: (why: string) => void, ended: Promise<string>): void {
  let unanswered = 0;
  const asking = setInterval(() => {
    if (unanswered >= UNANSWERED) lost("it does not answer any more");
    else io.reportVersion(() => undefined);
    unanswered += 1;
  }, everyMs);
  io.on("reportversion", () => {
    unanswered = 0;
  });
  // Answers to our own questions of the start came before it was ready: what comes later was not asked for.
  io.once("queryfirmware", () => lost("it was started anew"));
  void ended.then(() => clearInterval(asking));
}
