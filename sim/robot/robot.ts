/** A pretend robot: its board's bytes as a stream and over TCP (as ser2net gives a serial port), what its camera and ears detect as lines of JSON. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { Worker } from "node:worker_threads";
import type { FromRobot, Look, RobotPlan, RobotTruth, ToRobot } from "./messages.ts";
import type { GnssOptions } from "./sensors.ts";
import type { Point } from "./surroundings.ts";

export interface SimulatedRobot {
  /** The board's serial line, for whoever runs in this process. */
  readonly stream: Duplex;
  readonly truth: RobotTruth | undefined;
  onTruth(listener: (truth: RobotTruth) => void): () => void;
  onLook(listener: (look: Look) => void): () => void;
  pressEmergencyStop(pressed: boolean): void;
  /** A person at the robot presses the reset button and lets it go. */
  pressReset(): void;
  gnss(on: boolean, options?: Partial<GnssOptions>): void;
  slip(share: number): void;
  lie(person: string, lying: boolean): void;
  put(person: string, at: Point): void;
  sound(label: string, at: Point): void;
  hang(): void;
  close(): Promise<void>;
}

export function startRobot(plan: RobotPlan): SimulatedRobot {
  const worker = new Worker(new URL("./robot-worker.ts", import.meta.url), { workerData: plan });
  const say = (message: ToRobot) => worker.postMessage(message);
  const truths = new Set<(truth: RobotTruth) => void>();
  const looks = new Set<(look: Look) => void>();
  let truth: RobotTruth | undefined;
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      say({ type: "bytes", bytes: Uint8Array.from(chunk) });
      done();
    },
  });
  worker.on("message", (message: FromRobot) => {
    if (message.type === "bytes") stream.push(Buffer.from(message.bytes));
    else if (message.type === "truth") {
      truth = message.truth;
      for (const listener of truths) listener(truth);
    } else for (const listener of looks) listener(message.look);
  });
  worker.on("error", (error) => stream.destroy(error));
  return {
    stream,
    get truth() {
      return truth;
    },
    onTruth(listener) {
      truths.add(listener);
      return () => truths.delete(listener);
    },
    onLook(listener) {
      looks.add(listener);
      return () => looks.delete(listener);
    },
    pressEmergencyStop: (pressed) => say({ type: "emergencyStop", pressed }),
    pressReset: () => say({ type: "reset" }),
    gnss: (on, options) => say({ type: "gnss", on, ...(options && { options }) }),
    slip: (share) => say({ type: "slip", share }),
    lie: (person, lying) => say({ type: "lie", person, lying }),
    put: (person, at) => say({ type: "put", person, at }),
    sound: (label, at) => say({ type: "sound", label, at }),
    hang: () => say({ type: "hang" }),
    async close() {
      stream.destroy();
      await worker.terminate();
    },
  };
}

export interface RobotPorts {
  /** The board's bytes. */
  boardPort: number;
  /** Looks, one JSON a line, in the form that `edge-agent/devices/robot/observation-stream.ts` reads. */
  looksPort: number;
  close(): Promise<void>;
}

export async function serveRobot(robot: SimulatedRobot): Promise<RobotPorts> {
  const board = await listening((socket) => {
    const up = (bytes: Buffer) => void socket.write(bytes);
    robot.stream.on("data", up);
    socket.on("data", (bytes) => void robot.stream.write(bytes));
    socket.on("close", () => robot.stream.off("data", up));
  });
  const looks = await listening((socket) => {
    const hello = {
      available: ["person", "fallen", "sound:glass-break"],
      unavailable: [{ detector: "vehicle", why: "the pretend detector knows people only" }],
    };
    socket.write(`${JSON.stringify(hello)}\n`);
    const off = robot.onLook((look) => void socket.write(lineOf(look)));
    socket.on("close", off);
  });
  return {
    boardPort: board.port,
    looksPort: looks.port,
    close: async () => {
      await Promise.all([board.close(), looks.close()]);
    },
  };
}

function lineOf({ utcMs, ...look }: Look): string {
  return `${JSON.stringify({ at: new Date(utcMs).toISOString(), ...look })}\n`;
}

async function listening(serve: (socket: Socket) => void): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    serve(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
