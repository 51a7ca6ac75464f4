/** A pretend dock: a door that takes its time and can jam, a pad that feels the simulated drone, and the wire protocol of a real one. */
import { createServer, type Server, type Socket } from "node:net";

export interface SimulatedDockOptions {
  /** 0: any free port. */
  port?: number;
  /** Seconds from closed to open. */
  doorS?: number;
  /** Does the drone stand on the pad? Asked ten times a second. */
  onPad: () => boolean;
  airTempC?: number;
}

type Door = "open" | "closed" | "opening" | "closing" | "jammed";

export class SimulatedDock {
  readonly #server: Server;
  readonly #options: SimulatedDockOptions;
  readonly #sockets = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;
  #door: Door = "closed";
  #movingUntilMs = 0;
  #jams: "opening" | "closing" | undefined;
  #obstructed = false;
  #charger: "off" | "on" = "on";
  #tampered = false;
  #stopPressed = false;
  #said = "";
  #saidMs = 0;
  /** Orders taken, in order: for tests. */
  readonly orders: string[] = [];
  /** Moves of the door. */
  readonly moves: Door[] = [];
  port = 0;

  constructor(options: SimulatedDockOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#serve(socket));
    this.#timer = setInterval(() => this.#tick(), 100);
  }

  get door(): Door {
    return this.#door;
  }

  /** The charger is on, and something stands on its contacts. */
  get charging(): boolean {
    return this.#charger === "on" && this.#options.onPad();
  }

  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port ?? 0, "127.0.0.1", () => {
        this.port = (this.#server.address() as { port: number }).port;
        resolve(this.port);
      });
    });
  }

  /** The motor meets something on its next way in that direction, and stays where it is. */
  jam(direction: "opening" | "closing"): void {
    this.#jams = direction;
  }

  unjam(door: "open" | "closed"): void {
    this.#jams = undefined;
    this.#door = door;
  }

  obstruct(on: boolean): void {
    this.#obstructed = on;
  }

  tamper(): void {
    this.#tampered = true;
  }

  pressStop(pressed: boolean): void {
    this.#stopPressed = pressed;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    let rest = "";
    socket.on("data", (chunk) => {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#hear(socket, line);
    });
    socket.write(`${JSON.stringify({ state: this.#state() })}\n`);
  }

  #hear(socket: Socket, line: string): void {
    const asked = JSON.parse(line) as { ask?: number; do?: string; on?: boolean };
    if (asked.ask === undefined) return;
    const refusal = this.#obey(asked.do ?? "", asked.on === true);
    const answer = refusal ? { answer: asked.ask, ok: false, ...refusal } : { answer: asked.ask, ok: true };
    socket.write(`${JSON.stringify(answer)}\n`);
    this.#tell(true);
  }

  #obey(what: string, on: boolean): { why: string; detail: string } | undefined {
    this.orders.push(what);
    if (what === "charger") {
      this.#charger = on ? "on" : "off";
      return undefined;
    }
    if (what === "acknowledgeTamper") {
      this.#tampered = false;
      return undefined;
    }
    if (what !== "openDoor" && what !== "closeDoor") return { why: "unsupported", detail: `no order "${what}"` };
    if (this.#stopPressed) return { why: "stopped", detail: "the stop button is pressed" };
    if (this.#door === "jammed") return { why: "jammed", detail: "the door does not move" };
    if (what === "closeDoor" && this.#obstructed)
      return { why: "obstructed", detail: "the light barrier sees something" };
    const to: Door = what === "openDoor" ? "opening" : "closing";
    if (this.#door === (what === "openDoor" ? "open" : "closed") || this.#door === to) return undefined;
    this.#move(to);
    this.#movingUntilMs = performance.now() + (this.#options.doorS ?? 2) * 1000;
    return undefined;
  }

  #move(door: Door): void {
    this.#door = door;
    this.moves.push(door);
  }

  #tick(): void {
    const moving = this.#door === "opening" || this.#door === "closing";
    if (moving && performance.now() >= this.#movingUntilMs) {
      this.#move(this.#jams === this.#door ? "jammed" : this.#door === "opening" ? "open" : "closed");
    }
    this.#tell(false);
  }

  #state() {
    return {
      door: this.#door,
      padOccupied: this.#options.onPad(),
      charger: this.#charger,
      airTempC: this.#options.airTempC ?? 21,
      tampered: this.#tampered,
      stopPressed: this.#stopPressed,
    };
  }

  #tell(now: boolean): void {
    const line = JSON.stringify({ state: this.#state() });
    const nowMs = performance.now();
    if (!now && line === this.#said && nowMs - this.#saidMs < 500) return;
    this.#said = line;
    this.#saidMs = nowMs;
    for (const socket of this.#sockets) socket.write(`${line}\n`);
  }
}
