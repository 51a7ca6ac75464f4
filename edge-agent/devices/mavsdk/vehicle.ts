/** A PX4 or ArduPilot vehicle through mavsdk_server: the `Vehicle` port. How to connect one: docs/vehicle.md. */
import type { Logger } from "pino";
import { Fault } from "#contract/errors.ts";
import type { LinkState, ModeChange, StickInput, Traffic, Vehicle, VehicleText } from "#edge-agent/vehicle-port.ts";
import { Connection } from "./connection.ts";
import { Context, sendCommand } from "./context.ts";
import { FlightCommands } from "./flight-commands.ts";
import { MissionCommands } from "./mission-commands.ts";
import { ModeWatch } from "./mode-watch.ts";
import { ParamCommands } from "./param-commands.ts";
import { ParamWatch } from "./param-watch.ts";
import { PayloadCommands } from "./payload-commands.ts";
import type { Rpc } from "./rpc.ts";
import { StateStore } from "./state-store.ts";
import { StickWatch } from "./stick-watch.ts";
import { openTelemetry } from "./telemetry.ts";

export interface MavsdkVehicleOptions {
  name: string;
  /** Folder with `mavsdk_server` and `descriptors.binpb`, filled by `node bin/mavsdk-setup.mjs`: `.tocsin/mavsdk`. */
  folder: string;
  /** `udpin://0.0.0.0:14540`, `udpout://host:port`, `serial:///dev/ttyACM0:57600`, `tcpout://host:port`. */
  url: string;
  /** MAVLink system id of this ground station. Default 245. */
  systemId?: number;
  /** Most snapshots a second to `onState`. Default 10. */
  stateHz?: number;
  log: Pick<Logger, "info" | "warn" | "error" | "debug">;
}

/** Streams that we ask the autopilot for: message id, hertz. ArduPilot sends next to nothing unasked; PX4's heartbeat is 1 Hz unasked. */
const rates: readonly (readonly [id: number, hz: number])[] = [
  [0, 5], // HEARTBEAT: the mode, so that a takeover shows within 0.2 s
  [1, 4], // SYS_STATUS
  [24, 4], // GPS_RAW_INT
  [30, 5], // ATTITUDE
  [31, 5], // ATTITUDE_QUATERNION
  [32, 10], // LOCAL_POSITION_NED
  [33, 10], // GLOBAL_POSITION_INT
  [65, 5], // RC_CHANNELS
  [74, 4], // VFR_HUD
  [147, 1], // BATTERY_STATUS
  [231, 1], // WIND_COV (PX4)
  [168, 1], // WIND (ArduPilot)
  [242, 0.5], // HOME_POSITION
  [245, 5], // EXTENDED_SYS_STATE
  [246, 5], // ADSB_VEHICLE
  [285, 5], // GIMBAL_DEVICE_ATTITUDE_STATUS
];
const setMessageInterval = 511;

class Listeners<T> {
  readonly #all = new Set<(value: T) => void>();
  on(listener: (value: T) => void): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }
  say(value: T): void {
    for (const listener of this.#all) listener(value);
  }
}

export interface MavsdkVehicle extends Vehicle {
  /** Process id of `mavsdk_server` while it runs. */
  readonly serverPid: number | undefined;
  /** Times it was started again, also before any vehicle was heard. */
  readonly driverRestarts: number;
}

/** Starts the driver at once; resolve `ready()` for the vehicle. Throws `Fault` (config) when the server is not installed or the address is not one. */
export function openMavsdkVehicle(options: MavsdkVehicleOptions): MavsdkVehicle {
  const { log } = options;
  const store = new StateStore(options.stateHz ?? 10);
  const watch = new ModeWatch();
  const sticks = new StickWatch();
  const modes = new Listeners<ModeChange>();
  const stickInputs = new Listeners<StickInput>();
  const traffic = new Listeners<Traffic>();
  const texts = new Listeners<VehicleText>();
  const links = new Listeners<LinkState>();
  const context = new Context({ store, watch, rpc: () => connection.rpc, log });
  const missions = new MissionCommands(context);
  const flight = new FlightCommands(context, missions);
  const payload = new PayloadCommands(context);
  const paramWatch = new ParamWatch();
  const params = new ParamCommands(context, paramWatch);
  let heardMs = -Infinity;
  let askedOn: Rpc | undefined;

  const connection = new Connection({
    folder: options.folder,
    url: options.url,
    systemId: options.systemId ?? 245,
    log,
    heardMs: () => heardMs,
    onLink(link) {
      store.counters.driverRestarts = connection.restarts;
      if (store.setLink(link)) links.say(link);
    },
    onServer(rpc) {
      openTelemetry(rpc, {
        store,
        sticks,
        payloads: context.payloads,
        heard(heard) {
          heardMs = heard.atMs;
          // Only now is the vehicle's system id known, which a request must carry.
          if (askedOn !== rpc) {
            askedOn = rpc;
            void askRates(rpc);
          }
          const change = watch.heard(heard);
          if (change === undefined) return;
          log.info(
            { from: change.from, to: change.to, cause: change.cause, evidence: change.evidence },
            "flight mode changed",
          );
          modes.say(change);
        },
        text(text) {
          store.addText(text);
          watch.text(text.text, text.atMs);
          texts.say(text);
        },
        stick: (input) => stickInputs.say(input),
        param: (fields) => paramWatch.hear(fields, !context.ardupilot, performance.now()),
        traffic: (heard) => traffic.say(heard),
        missionProgress: (current, total) => missions.progress(current, total),
      });
      void introduce(rpc);
    },
    onReturn: (rpc) => void askRates(rpc),
  });

  /** Who the vehicle is. Each answer may fail to come: an autopilot need not know. */
  async function introduce(rpc: Rpc): Promise<void> {
    const none = () => undefined;
    const [id, version, product] = await Promise.all([
      rpc.call("info.GetIdentification", {}).catch(none),
      rpc.call("info.GetVersion", {}).catch(none),
      rpc.call("info.GetProduct", {}).catch(none),
    ]);
    const before = store.draft.identity ?? { autopilot: "other" as const, systemId: 1 };
    const uid = id?.info_result.result === "RESULT_SUCCESS" ? text(id.identification.hardware_uid) : undefined;
    const made = product?.info_result.result === "RESULT_SUCCESS" ? product.product : undefined;
    const v = version?.info_result.result === "RESULT_SUCCESS" ? version.version : undefined;
    store.set({
      identity: {
        ...before,
        ...(uid ? { uid } : {}),
        ...named("vendor", made?.vendor_name),
        ...named("product", made?.product_name),
        ...(v ? { flightSoftware: `${v.flight_sw_major}.${v.flight_sw_minor}.${v.flight_sw_patch}` } : {}),
      },
    });
  }

  async function askRates(rpc: Rpc): Promise<void> {
    const systemId = store.draft.identity?.systemId ?? 1;
    for (const [id, hz] of rates) {
      try {
        await sendCommand(rpc, setMessageInterval, [id, 1e6 / hz], systemId);
      } catch (error) {
        log.debug({ id, error: (error as Error).message }, "message rate not asked for");
        return;
      }
    }
  }

  return {
    name: options.name,
    get state() {
      return store.snapshot;
    },
    get driverRestarts() {
      return connection.restarts;
    },
    get serverPid() {
      return connection.serverPid;
    },
    onState: (listener) => store.listen(listener),
    onModeChange: (listener) => modes.on(listener),
    onStick: (listener) => stickInputs.on(listener),
    onTraffic: (listener) => traffic.on(listener),
    onText: (listener) => texts.on(listener),
    onLink: (listener) => links.on(listener),
    ready: (signal) => untilUp(store, links, signal, options),
    arm: () => flight.arm(),
    disarm: () => flight.disarm(),
    takeOff: (heightM) => flight.takeOff(heightM),
    goTo: (target) => flight.goTo(target),
    setSpeed: (speedMS) => flight.setSpeed(speedMS),
    hold: () => flight.hold(),
    returnToLaunch: () => flight.returnToLaunch(),
    land: () => flight.land(),
    orbit: (orbit) => flight.orbit(orbit),
    uploadMission: (items, uploadOptions) => missions.upload(items, uploadOptions),
    startMission: (fromItem) => missions.start(fromItem),
    clearMission: () => missions.clear(),
    setGeofence: (fence) => missions.setGeofence(fence),
    holdsGeofence: (fence) => missions.holdsGeofence(fence),
    clearGeofence: () => missions.clearGeofence(),
    pointGimbal: (aim) => payload.point(aim),
    lookAt: (target) => payload.lookAt(target),
    takePhoto: () => payload.takePhoto(),
    startVideo: () => payload.startVideo(),
    stopVideo: () => payload.stopVideo(),
    zoom: (percent) => payload.zoom(percent),
    getParam: (name) => params.get(name),
    setParam: (name, value) => params.set(name, value),
    allParams: () => params.all(),
    failsafes: () => params.failsafes(),
    cutMotors: () => flight.cutMotors(),
    async close() {
      store.close();
      await connection.close();
    },
  };
}

/** MAVSDK says "undefined" for what it cannot name. */
function named<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  const name = text(value ?? "");
  return name === "" || name === "undefined" ? {} : ({ [key]: name } as { [P in K]?: string });
}

/** MAVSDK leaves the terminating NUL in. */
const text = (value: string) => value.replace(/\0.*$/s, "");

async function untilUp(
  store: StateStore,
  links: Listeners<LinkState>,
  signal: AbortSignal | undefined,
  { name, url }: MavsdkVehicleOptions,
): Promise<void> {
  if (store.link === "up") return;
  await new Promise<void>((resolve, reject) => {
    const gone = () => {
      off();
      reject(new Fault("failed", `no vehicle "${name}" was heard on ${url}: is it on, and does it send there?`));
    };
    const off = links.on((link) => {
      if (link !== "up") return;
      off();
      signal?.removeEventListener("abort", gone);
      resolve();
    });
    if (signal?.aborted) gone();
    else signal?.addEventListener("abort", gone, { once: true });
  });
}
