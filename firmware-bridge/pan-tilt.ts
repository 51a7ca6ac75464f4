/**
 * A camera's pan and tilt and a post's lamps on a Firmata board, by johnny-five. johnny-five hangs silently on a transport that does not say
 * `open`, and its own serialport is bound to an old ABI: it always gets an `io` of ours (see docs/decisions.md).
 */
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import firmataIo from "firmata-io";
import five from "johnny-five";
import { Fault } from "#contract/errors.ts";

export interface PanTiltOptions {
  /** Range of each axis, degrees of the servo: 0 to 180. */
  panDeg?: readonly [number, number];
  tiltDeg?: readonly [number, number];
  signal?: AbortSignal;
}

export interface PanTilt {
  /** Points the camera; angles beyond the configured range are cut to it. Returns where it points now. */
  point(panDeg: number, tiltDeg: number): { panDeg: number; tiltDeg: number };
  lamp(index: 0 | 1, on: boolean): void;
  close(): void;
}

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
    this.#stream.write(Buffer.from(bytes), () => done?.());
  }
}

/** @param stream an open serial port at 57600 baud. Rejects with `Fault` when the board does not answer before the signal aborts. */
export function openPanTilt(stream: Duplex, options: PanTiltOptions = {}): Promise<PanTilt> {
  const panRange = options.panDeg ?? [0, 180];
  const tiltRange = options.tiltDeg ?? [0, 180];
  return new Promise((resolve, reject) => {
    const io = new firmataIo.Firmata(new Transport(stream), { reportVersionTimeout: 1000 });
    const board = new five.Board({ io, repl: false, debug: false });
    const refuse = (why: string) => {
      stream.destroy();
      reject(
        new Fault("failed", `pan-tilt board: ${why}; check its power, cable and that it runs Firmata at 57600 baud`),
      );
    };
    options.signal?.addEventListener("abort", () => refuse("it did not answer"));
    board.on("error", (error: Error) => refuse(error.message));
    (board as unknown as EventEmitter).once("ready", () => {
      const pan = new five.Servo({ board, pin: 9, range: [...panRange] });
      const tilt = new five.Servo({ board, pin: 10, range: [...tiltRange] });
      const lamps = [new five.Led({ board, pin: 5 }), new five.Led({ board, pin: 6 })] as const;
      resolve({
        point(panDeg, tiltDeg) {
          const clip = (deg: number, [low, high]: readonly [number, number]) => Math.min(Math.max(deg, low), high);
          const at = { panDeg: clip(panDeg, panRange), tiltDeg: clip(tiltDeg, tiltRange) };
          pan.to(at.panDeg);
          tilt.to(at.tiltDeg);
          return at;
        },
        lamp(index, on) {
          if (on) lamps[index].on();
          else lamps[index].off();
        },
        close() {
          stream.destroy();
        },
      });
    });
  });
}
