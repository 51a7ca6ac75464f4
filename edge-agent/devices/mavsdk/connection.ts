/**
 * From server to vehicle: a gRPC connection each time the server runs, the vehicle's link as the server sees it, every plugin touched
 * once while the vehicle is there (a plugin first called without a vehicle aborts the server), and the heartbeat watchdog fed.
 */
import type { Logger } from "pino";
import { Silence } from "#core/clock/silence.ts";
import type { LinkState } from "#edge-agent/vehicle-port.ts";
import type { Calls } from "./api.ts";
import { Rpc, RpcGone } from "./rpc.ts";
import { MavsdkServer } from "./server.ts";

/**
 * The server's heartbeats to the vehicle end this long after we stop feeding it: if we die or hang, the vehicle must see its ground
 * station go, so that its data-link failsafe brings it home. The server accepts 2 s or more.
 */
const watchdogS = 3;
const reopenMs = 15_000;
const feedEveryMs = 800;
const judgeEveryMs = 200;
/** Without a heartbeat for this long the vehicle is lost, whatever the server still believes. */
const silentMs = 3000;
/**
 * A server that has brought no vehicle for so long is started anew: seen once in some hundred starts on a busy machine, it hears the vehicle, and
 * nobody can reach it. Twice as long each time, since most often there is just no vehicle.
 */
const patienceMs = { first: 12_000, longest: 600_000 };

export interface ConnectionOptions {
  folder: string;
  url: string;
  systemId: number;
  log: Pick<Logger, "info" | "warn" | "error" | "debug">;
  /** A fresh server with the vehicle there: open the streams. */
  onServer: (rpc: Rpc) => void;
  /** The vehicle came back on the same server: it may have restarted and forgotten rates. */
  onReturn: (rpc: Rpc) => void;
  onLink: (link: LinkState) => void;
  /** When the last heartbeat of the vehicle was heard. */
  heardMs: () => number;
}

/** Calls that change nothing, one for each plugin that has no stream of ours. */
const touches: readonly Exclude<keyof Calls, "param.SelectComponent">[] = [
  "action.GetTakeoffAltitude",
  "offboard.IsActive",
  "mission.IsMissionFinished",
  "geofence.DownloadGeofence",
  "info.GetIdentification",
  "info.GetVersion",
  "info.GetProduct",
];

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #server: MavsdkServer;
  readonly #timer: NodeJS.Timeout;
  readonly #silence = new Silence(judgeEveryMs, silentMs, performance.now());
  #rpc: Rpc | undefined;
  #touched = false;
  /** Every plugin answered or had its time. */
  #prepared = false;
  #upMs = Infinity;
  #connected = false;
  #link: LinkState = "absent";
  #unfed = 0;
  #awaitedMs = performance.now();
  #patienceMs = patienceMs.first;
  #lostMs = 0;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#server = new MavsdkServer({
      ...options,
      onUp: (port) => this.#serverUp(port),
      onDown: () => this.#serverDown(),
    });
    let fedMs = 0;
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      this.#judge(nowMs);
      if (nowMs - fedMs < feedEveryMs) return;
      fedMs = nowMs;
      void this.#feed();
    }, judgeEveryMs);
  }

  /** The server, only while the vehicle is there. */
  get rpc(): Rpc | undefined {
    return this.#link === "up" && !this.#closed ? this.#rpc : undefined;
  }

  get restarts(): number {
    return this.#server.restarts;
  }

  get serverPid(): number | undefined {
    return this.#server.pid;
  }

  #serverUp(port: number): void {
    if (this.#closed) return;
    const rpc = new Rpc(this.#options.folder, port);
    this.#rpc = rpc;
    this.#upMs = performance.now();
    rpc.stream("core.SubscribeConnectionState", {}, ({ connection_state }) => {
      if (rpc === this.#rpc) void this.#vehicle(rpc, connection_state.is_connected);
    });
    void rpc.call("core.SetHeartbeatWatchdogTimeout", { timeout_s: watchdogS }).catch(() => {});
  }

  async #vehicle(rpc: Rpc, connected: boolean): Promise<void> {
    const came = connected && !this.#connected;
    this.#connected = connected;
    if (!connected) {
      if (this.#link === "up") this.#say("lost");
      return;
    }
    if (this.#touched) {
      if (came) this.#options.onReturn(rpc);
      return;
    }
    this.#touched = true;
    this.#options.onServer(rpc);
    const calls = touches.map((name) => rpc.call(name, {} as never, 1500).catch(() => {}));
    const autopilot = { component_id: 1, protocol_version: "PROTOCOL_VERSION_V1" };
    await Promise.all([...calls, rpc.call("param.SelectComponent", autopilot, 1500).catch(() => {})]);
    if (rpc === this.#rpc && !rpc.closed) this.#prepared = true;
  }

  /** Up with the first heartbeat that this server brings, lost when they end, also while a new server still looks for the vehicle. */
  #judge(nowMs: number): void {
    const heardMs = this.#options.heardMs();
    const unheard = this.#link === "absent" || this.#link === "driver";
    if (unheard && nowMs - this.#awaitedMs > this.#patienceMs && this.#server.pid !== undefined) {
      this.#options.log.info(
        { afterMs: this.#patienceMs },
        "no vehicle was heard through mavsdk_server; starting it anew",
      );
      this.#awaitedMs = nowMs;
      this.#patienceMs = Math.min(2 * this.#patienceMs, patienceMs.longest);
      this.#server.kick();
    }
    if (this.#silence.lastsMs(heardMs, nowMs) > silentMs) {
      // MAVSDK does not open a serial device again that was unplugged.
      if (this.#link === "lost" && this.#options.url.startsWith("serial:") && nowMs - this.#lostMs > reopenMs) {
        this.#lostMs = nowMs;
        this.#server.kick();
      }
      if (this.#link === "up" || (this.#link === "driver" && this.#server.pid !== undefined)) this.#say("lost");
    } else if (this.#connected && this.#prepared && heardMs >= this.#upMs) this.#say("up");
  }

  #serverDown(): void {
    this.#awaitedMs = performance.now();
    this.#rpc?.close();
    this.#rpc = undefined;
    this.#touched = false;
    this.#prepared = false;
    this.#connected = false;
    this.#unfed = 0;
    if (this.#link !== "absent") this.#say("driver");
  }

  /** A server that answers nothing three times running is ended and started again. */
  async #feed(): Promise<void> {
    const rpc = this.#rpc;
    if (rpc === undefined) return;
    try {
      await rpc.call("core.FeedHeartbeatWatchdog", {}, 2000);
      this.#unfed = 0;
    } catch (error) {
      if (!(error instanceof RpcGone)) throw error;
      if (rpc !== this.#rpc || ++this.#unfed < 3) return;
      this.#options.log.error({ unfed: this.#unfed }, "mavsdk_server answers no more; ending it");
      this.#unfed = 0;
      this.#server.kick();
    }
  }

  #say(link: LinkState): void {
    if (this.#link === link) return;
    if (link === "up") this.#patienceMs = patienceMs.first;
    this.#lostMs = performance.now();
    this.#link = link;
    this.#options.onLink(link);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#rpc?.close();
    await this.#server.close();
  }
}
