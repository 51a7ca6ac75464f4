/**
 * A drone for tests, of real processes: a broker, `tocsin agent` with the role fly, the real mavsdk_server below it, and the pretend vehicle and dock at
 * the end. Everything can be broken: the agent killed, the server killed, the broker closed, the vehicle's link cut.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ulid } from "ulid";
import { parseMessage } from "#contract/channel.ts";
import { type ControlState, controlState, controlToken } from "#contract/control.ts";
import { type FlightAct, type FlightState, flightCommand, flightState, type Station } from "#contract/flight.ts";
import { topicOf } from "#contract/topics.ts";
import { distanceM, movedBy } from "#core/handoff/local.ts";
import type { SimulatedDock } from "#sim/dock.ts";
import { type SimulatedDrone, startDrone } from "#sim/drone.ts";
import { TestingBroker } from "./testing-broker.ts";
import { dockAt, node, rigConfig, site } from "./testing-config.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
export const serverThere = existsSync(join(root, ".tocsin/mavsdk/mavsdk_server"));

/** Loaded before the agent: `SIGUSR2` steps its wall clock by an hour. */
const clockShim = `data:text/javascript,${encodeURIComponent(`
const real = Date.now;
let stepMs = 0;
Date.now = () => real() + stepMs;
process.on("SIGUSR2", () => { stepMs += 3600000; });
`)}`;

export interface RigOptions {
  /** Simulated seconds of the vehicle a second. */
  speed?: number;
  flight?: Record<string, unknown>;
  doorS?: number;
  params?: Record<string, number>;
  wind?: { speedMS: number; fromDeg: number };
  batteryFraction?: number;
  /** A gateway that runs already; without it the rig brings a broker without rights. Its words are then to be passed to `hear`. */
  gateway?: { port: number; site: string; node: string; secret: string };
}

export class Rig {
  readonly folder = mkdtempSync(join(tmpdir(), "tocsin-fly-"));
  vehicle!: SimulatedDrone["vehicle"];
  dock!: SimulatedDock;
  agent: ChildProcess | undefined;
  state: FlightState | undefined;
  control: ControlState | undefined;
  /** Every phase that was reported, repeats left out. */
  readonly phases: string[] = [];
  readonly answers = new Map<string, { accepted: boolean; why: string }>();
  readonly faults: string[] = [];
  stderr = "";
  readonly #broker = new TestingBroker();
  #udpPort = 0;
  #waitedTo = 0;
  #drone: SimulatedDrone | undefined;
  readonly #options: RigOptions;

  constructor(options: RigOptions = {}) {
    this.#options = options;
  }

  async start(): Promise<this> {
    const { speed = 5, doorS = 0.5, params, wind, batteryFraction } = this.#options;
    if (this.#options.gateway) this.#broker.port = this.#options.gateway.port;
    else await this.#broker.open((topic, payload) => this.hear(topic, payload));
    const drone = await startDrone({
      home: { lat: dockAt.lat, lon: dockAt.lon, absAltM: dockAt.altM },
      doorS,
      speed,
      gnssSigmaM: 0.3,
      wind: wind ?? { speedMS: 2, fromDeg: 270 },
      rc: { fitted: true, present: true },
      ...(batteryFraction !== undefined && { batteryFraction }),
      params: {
        RTL_RETURN_ALT: 20,
        RTL_DESCEND_ALT: 5,
        MPC_LAND_SPEED: 1.5,
        COM_DL_LOSS_T: 30,
        COM_DISARM_LAND: 1,
        ...params,
      },
    });
    this.vehicle = drone.vehicle;
    this.dock = drone.dock;
    this.#udpPort = drone.udpPort;
    this.#drone = drone;
    await this.startAgent();
    return this;
  }

  get onPad(): boolean {
    const { truth } = this.vehicle;
    return truth.heightM < 0.3 && distanceM(truth, dockAt) < 2.5;
  }

  async startAgent(): Promise<void> {
    const file = join(this.folder, "agent.json");
    writeFileSync(
      file,
      JSON.stringify(
        rigConfig(this.#options, {
          brokerPort: this.#broker.port,
          udpPort: this.#udpPort,
          dockPort: this.dock.port,
          dataDir: join(this.folder, "data"),
        }),
      ),
    );
    const child = spawn(
      process.execPath,
      ["--import", clockShim, join(root, "bin/tocsin.ts"), "agent", "--config", file],
      {
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    this.agent = child;
    child.stderr!.on("data", (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString()).slice(-200_000);
    });
  }

  /** As a power cut would: no word of farewell. Its mavsdk_server dies with it. */
  async killAgent(): Promise<void> {
    const child = this.agent!;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** The agent's wall clock is an hour ahead from now on, as after a wrong time server's word. Its monotonic clock is untouched. */
  stepClock(): void {
    this.agent!.kill("SIGUSR2");
  }

  /** Process id of the agent's mavsdk_server, read from the process table. */
  async serverPid(): Promise<number> {
    const { stdout } = await output("ps", ["-o", "pid=,args=", "--ppid", String(this.agent!.pid)]);
    const line = stdout.split("\n").find((one) => one.includes("mavsdk_server"));
    if (!line) throw new Error(`the agent has no mavsdk_server: ${stdout}`);
    return Number(line.trim().split(/\s+/)[0]);
  }

  openBroker(): Promise<void> {
    return this.#broker.open();
  }

  /** The gateway is gone: nobody listens, nobody answers. */
  closeBroker(): Promise<void> {
    return this.#broker.close();
  }

  async until(what: string, predicate: (rig: Rig) => boolean, limitS = 40): Promise<void> {
    const endMs = performance.now() + limitS * 1000;
    while (!predicate(this)) {
      if (performance.now() > endMs) {
        const { truth } = this.vehicle;
        const { why, preflight } = this.state ?? {};
        const checks = preflight?.filter((one) => !one.ok);
        throw new Error(
          `not within ${limitS} s: ${what}. phases ${this.phases.join(" ")}; why ${why}; ${JSON.stringify({ checks, control: this.control, truth, faults: this.faults })}\n${this.stderr.slice(-3000)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The next time it is in this phase, counted from the one waited for before: a short phase is not missed between two looks. */
  async phase(phase: FlightState["phase"], limitS?: number): Promise<void> {
    const at = () => this.phases.indexOf(phase, this.#waitedTo);
    await this.until(`phase ${phase}`, () => at() >= 0, limitS);
    this.#waitedTo = at();
  }

  /** Flown, landed, and the door closed over it. */
  async home(limitS = 60): Promise<void> {
    const boxed = () => this.state?.phase === "charging" || this.state?.phase === "docked";
    await this.until(
      "home in its dock",
      () => boxed() && this.state!.hops.some(({ hop }) => hop === "charging"),
      limitS,
    );
  }

  /** Ready to be asked. A mavsdk_server that a busy machine kept from its vehicle is started anew after 12 s, and again after 24. */
  async available(): Promise<void> {
    await this.until("available", () => this.state?.available === true, 90);
  }

  async ask(
    eastM = 40,
    northM = 10,
    options: { authorised?: boolean; flight?: string; laneHeightM?: number } = {},
  ): Promise<string> {
    const flight = options.flight ?? ulid();
    await this.order({
      act: "ask",
      flight,
      incident: "i1",
      incidentVersion: 1,
      place: { ...movedBy(dockAt, { eastM, northM }), ellipse95: { semiMajorM: 4, semiMinorM: 2, azimuthDeg: 0 } },
      laneHeightM: options.laneHeightM ?? 20,
      corridor: [],
      ...(options.authorised !== false && {
        authorisation: { how: "policy", by: "dispatch", at: new Date().toISOString(), why: "97 %" },
      }),
    });
    return flight;
  }

  /** Sends an order and waits for its answer. */
  async order(order: FlightAct, by = "dispatch", as: Station = "dispatch", epoch = this.control?.epoch ?? 0) {
    const message = { ...this.#envelope(), by, as, epoch, seenTickMs: this.#seenTickMs, order };
    return this.#say(topicOf(flightCommand, site, node), message);
  }

  async token(
    act: "ask" | "grant" | "release" | "takeover" | "renew",
    by: string,
    as: Station = "remote",
    epoch = this.control?.epoch ?? 0,
  ) {
    return this.#say(topicOf(controlToken, site, node), {
      ...this.#envelope(),
      by,
      as,
      epoch,
      seenTickMs: this.#seenTickMs,
      act,
    });
  }

  get #seenTickMs(): number {
    return Math.max(this.state?.tickMs ?? 0, this.control?.tickMs ?? 0);
  }

  #envelope() {
    return { v: 1, id: ulid(), node: "gateway", at: new Date().toISOString() };
  }

  async #say(topic: string, message: Record<string, unknown> & { id: string }) {
    this.#broker.publish(topic, Buffer.from(JSON.stringify(message)));
    await this.until(`an answer to ${JSON.stringify(message)}`, () => this.answers.has(message.id), 10);
    return this.answers.get(message.id)!;
  }

  /** A message of the drone. */
  hear(topic: string, payload: Buffer): void {
    const channel = topic.endsWith(flightState.name)
      ? flightState
      : topic.endsWith(controlState.name)
        ? controlState
        : undefined;
    if (!channel) return;
    const parsed = parseMessage(channel, payload);
    if (!parsed.ok) this.faults.push(...parsed.faults);
    else if (channel === flightState) {
      this.state = parsed.message as FlightState;
      if (this.phases.at(-1) !== this.state.phase) this.phases.push(this.state.phase);
    } else {
      this.control = parsed.message as ControlState;
      for (const answer of this.control.answers) this.answers.set(answer.order, answer);
    }
  }

  async stop(): Promise<void> {
    const { agent } = this;
    if (agent && agent.exitCode === null && agent.signalCode === null) {
      const ended = new Promise((resolve) => agent.once("exit", resolve));
      agent.kill("SIGTERM");
      const late = setTimeout(() => agent.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(late);
    }
    await this.#drone?.close();
    await this.#broker.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function output(program: string, args: string[]): Promise<{ stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.once("error", reject);
    child.once("close", () => resolve({ stdout }));
  });
}
