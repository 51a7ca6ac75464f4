/**
 * A vehicle in memory, for tests of roles: the same port and the same suite as the real one, without MAVLink or a process.
 * Its faults are made by `world`; how it moves is `fake-flight.ts`.
 */
import { isDeepStrictEqual } from "node:util";
import type {
  CommandResult,
  FlightMode,
  Geofence,
  GeoPoint,
  LinkState,
  ModeCause,
  ModeChange,
  RefusalWhy,
  StickInput,
  Traffic,
  Vehicle,
  VehicleState,
} from "#edge-agent/vehicle-port.ts";
import { FakeFlight } from "./fake-flight.ts";
import { fakePayload } from "./fake-payload.ts";
import { defaultParams, type FakeVehicleOptions, type FakeWorld, healthy } from "./fake-world.ts";
import { failsafesOf } from "./mavsdk/failsafe-params.ts";

const perLatM = 111_320;

export function fakeVehicle(options: FakeVehicleOptions = {}): { vehicle: Vehicle; world: FakeWorld } {
  const home = options.home ?? { lat: 52.1, lon: 5.1, absAltM: 12 };
  const perLonM = perLatM * Math.cos((home.lat * Math.PI) / 180);
  const speed = options.speed ?? 10;
  const params = new Map(Object.entries({ ...defaultParams, ...options.params }));
  const states = new Set<(state: VehicleState) => void>();
  const modeListeners = new Set<(change: ModeChange) => void>();
  const stickListeners = new Set<(input: StickInput) => void>();
  const trafficListeners = new Set<(traffic: Traffic) => void>();
  const linkListeners = new Set<(link: LinkState) => void>();
  const commands: string[] = [];
  const refusals = new Map<string, RefusalWhy>();
  const counters = { driverRestarts: 0, linkLosses: 0, commands: 0, refused: 0, streamRestarts: 0 };
  const craft = new FakeFlight((to, evidence) => change(to, "natural", evidence));
  craft.returnHeightM = params.get("RTL_RETURN_ALT") ?? 40;
  let link: LinkState = "up";
  let heardMs = performance.now();
  let closed = false;
  const part: Pick<VehicleState, "battery" | "gnss" | "health" | "wind" | "rc" | "gimbal" | "camera"> = {
    battery: { fraction: 1, voltageV: 25 },
    gnss: { fix: "3d", satellites: 14, hdop: 0.7 },
    health: healthy,
    wind: { speedMS: 0, fromDeg: 0 },
    rc: { available: true },
    gimbal: { pitchDeg: 0, yawDeg: 0 },
    camera: { recording: false, photos: 0 },
  };

  const local = (point: GeoPoint) => ({ n: (point.lat - home.lat) * perLatM, e: (point.lon - home.lon) * perLonM });

  function snapshot(): VehicleState {
    const atMs = performance.now();
    return Object.freeze({
      link,
      linkAgeS: link === "up" ? 0.1 : (atMs - heardMs) / 1000,
      atMs,
      identity: { autopilot: "px4" as const, systemId: 1, uid: "fa4e" },
      position: {
        lat: home.lat + craft.at.n / perLatM,
        lon: home.lon + craft.at.e / perLonM,
        absAltM: home.absAltM + craft.at.u,
        relAltM: craft.at.u,
        atMs,
      },
      velocity: { northMS: craft.velocity.n, eastMS: craft.velocity.e, downMS: -craft.velocity.u },
      headingDeg: ((Math.atan2(craft.velocity.e, craft.velocity.n) * 180) / Math.PI + 360) % 360,
      ...part,
      mode: craft.mode,
      armed: craft.armed,
      inAir: craft.landed !== "ground",
      landed: craft.landed,
      home,
      ...(craft.mission && { mission: craft.progress }),
      texts: [],
      counters: { ...counters },
    });
  }

  function change(to: FlightMode, cause: ModeCause, evidence: string): void {
    if (to === craft.mode) return;
    const from = craft.mode;
    craft.mode = to;
    const ours = cause === "commanded" || cause === "natural";
    if (link !== "up") return;
    for (const listener of modeListeners)
      listener({ from, to, cause, ours, evidence, raw: 0, atMs: performance.now() });
  }

  let [lastMs, emittedMs] = [performance.now(), 0];
  const timer = setInterval(() => {
    const nowMs = performance.now();
    for (let left = ((nowMs - lastMs) / 1000) * speed; left > 0; left -= 0.05) craft.step(Math.min(0.05, left));
    lastMs = nowMs;
    if (link === "up") heardMs = nowMs;
    if (nowMs - emittedMs < 100) return;
    emittedMs = nowMs;
    const state = snapshot();
    for (const listener of states) listener(state);
  }, 20);

  async function run<T = unknown>(
    name: keyof Vehicle,
    act: () => CommandResult<NoInfer<T>>,
  ): Promise<CommandResult<T>> {
    commands.push(name);
    counters.commands++;
    const planned = refusals.get(name);
    refusals.delete(name);
    const result: CommandResult<T> =
      closed || link !== "up"
        ? { ok: false, why: "link", detail: "the vehicle is not heard" }
        : planned !== undefined
          ? { ok: false, why: planned, detail: "refused by the test" }
          : act();
    if (!result.ok) counters.refused++;
    return result;
  }

  const no = (why: RefusalWhy, detail: string) => ({ ok: false, why, detail }) as const;
  const yes = { ok: true } as const;
  const lead = (to: FlightMode, name: string): CommandResult => {
    change(to, "commanded", `we sent ${name}`);
    return yes;
  };
  const areaOf = (fence: Geofence) => fence.polygons?.find(({ kind }) => kind === "inclusion")?.points.map(local);
  const flying = () => craft.landed !== "ground";
  const placeFault = (point: GeoPoint) =>
    Math.abs(point.lat) <= 90 && Math.abs(point.lon) <= 180 ? undefined : no("input", "lat or lon is out of range");

  const vehicle: Vehicle = {
    ...fakePayload(part, run, directionTo),
    name: options.name ?? "fake",
    get state() {
      return snapshot();
    },
    onState: (listener) => add(states, listener),
    onModeChange: (listener) => add(modeListeners, listener),
    onStick: (listener) => add(stickListeners, listener),
    onTraffic: (listener) => add(trafficListeners, listener),
    onText: () => () => {},
    onLink: (listener) => add(linkListeners, listener),
    ready: async () => {},
    arm: () =>
      run("arm", () => {
        if (!craft.armed && !part.health?.armable) return no("denied", "not armable");
        craft.armed = true;
        return yes;
      }),
    disarm: () =>
      run("disarm", () => {
        if (craft.armed && flying()) return no("state", "not on the ground");
        craft.armed = false;
        return yes;
      }),
    takeOff: (heightM) =>
      run("takeOff", () => {
        if (!(heightM >= 1 && heightM <= 500)) return no("input", "height must be 1 to 500");
        if (!craft.armed || flying()) return no("state", craft.armed ? "already in the air" : "not armed");
        craft.target = { ...craft.at, u: craft.at.u + heightM };
        craft.landed = "takingOff";
        return lead("takeoff", "takeOff");
      }),
    goTo: (to) =>
      run("goTo", () => {
        const fault = placeFault(to);
        if (fault) return fault;
        if (!flying()) return no("state", "not in the air");
        if (!craft.allows(local(to))) return no("denied", "outside geofence");
        craft.target = { ...local(to), u: to.absAltM - home.absAltM };
        return lead("hold", "goTo");
      }),
    setSpeed: (speedMS) =>
      run("setSpeed", () => {
        craft.cruiseMS = speedMS;
        return yes;
      }),
    hold: () =>
      run("hold", () => {
        craft.target = { ...craft.at };
        Object.assign(craft.velocity, { n: 0, e: 0, u: 0 });
        return lead("hold", "hold");
      }),
    returnToLaunch: () => run("returnToLaunch", () => lead("return", "returnToLaunch")),
    land: () => run("land", () => lead("land", "land")),
    orbit: (orbit) =>
      run<{ how: "native" | "mission" }>("orbit", () => {
        const fault = placeFault(orbit);
        if (fault) return fault;
        if (!flying()) return no("state", "not in the air");
        const centre = local(orbit);
        const angle = Math.atan2(craft.at.e - centre.e, craft.at.n - centre.n);
        const turn = orbit.clockwise === false ? -1 : 1;
        craft.circle = { ...centre, radiusM: orbit.radiusM, angle, speedMS: orbit.speedMS, turn };
        craft.target = { ...craft.at, u: orbit.absAltM - home.absAltM };
        lead("orbit", "orbit");
        return { ok: true, how: "native" };
      }),
    uploadMission: (items, uploadOptions) =>
      run("uploadMission", () => {
        if (items.length < 1 || items.length > 500) return no("input", "1 to 500 items");
        const points = items.map((item) => ({ ...local(item), u: item.relAltM }));
        const { thenReturn = false, again } = uploadOptions ?? {};
        craft.mission = { points, current: 0, thenReturn, ...(again && { again: { ...again } }) };
        return yes;
      }),
    startMission: (fromItem) =>
      run("startMission", () => {
        if (craft.mission === undefined) return no("denied", "no mission");
        if (fromItem !== undefined) craft.mission.current = fromItem;
        return lead("mission", "startMission");
      }),
    clearMission: () =>
      run("clearMission", () => {
        craft.mission = undefined;
        return yes;
      }),
    setGeofence: (wanted) =>
      run("setGeofence", () => {
        const area = areaOf(wanted);
        if (!area && !wanted.circles?.length) return no("input", "a geofence needs a polygon or a circle");
        craft.fence = area;
        return yes;
      }),
    holdsGeofence: (wanted) =>
      run("holdsGeofence", () => ({ ok: true, same: isDeepStrictEqual(areaOf(wanted), craft.fence) })),
    clearGeofence: () =>
      run("clearGeofence", () => {
        craft.fence = undefined;
        return yes;
      }),
    getParam: (name) =>
      run("getParam", () => {
        const value = params.get(name);
        if (value === undefined) return no("timeout", `${name}: no answer`);
        return { ok: true, value, type: Number.isInteger(value) ? ("int" as const) : ("float" as const) };
      }),
    setParam: (name, value) =>
      run("setParam", () => {
        if (!params.has(name)) return no("timeout", `${name}: no answer`);
        params.set(name, value);
        craft.returnHeightM = params.get("RTL_RETURN_ALT") ?? 40;
        return yes;
      }),
    allParams: () => run("allParams", () => ({ ok: true, params: new Map(params) })),
    failsafes: () => run("failsafes", () => ({ ok: true, failsafes: failsafesOf(false, Object.fromEntries(params)) })),
    cutMotors: () =>
      run("cutMotors", () => {
        craft.touchDown();
        return yes;
      }),
    async close() {
      closed = true;
      clearInterval(timer);
    },
  };

  function directionTo(to: GeoPoint & { absAltM: number }) {
    const { n, e } = local(to);
    return { n: n - craft.at.n, e: e - craft.at.e, u: to.absAltM - home.absAltM - craft.at.u };
  }

  const world: FakeWorld = {
    pilotMode: (to) => change(to, "pilot", "the test's pilot"),
    failsafe: (to) => change(to, "failsafe", "the test's failsafe"),
    pilotSticks(deflection) {
      for (const listener of stickListeners) listener({ source: "rc", deflection, atMs: performance.now() });
    },
    setLink(to) {
      if (to === link) return;
      if (to === "lost") counters.linkLosses++;
      link = to;
      for (const listener of linkListeners) listener(link);
    },
    setBattery: (fraction) => void (part.battery = { ...part.battery, fraction }),
    setWind: (speedMS) => void (part.wind = { speedMS, fromDeg: 0 }),
    setGnss: (fix) => void (part.gnss = { fix, satellites: fix === "none" ? 0 : 14 }),
    setArmable: (armable) => void (part.health = { ...healthy, armable }),
    hearTraffic(traffic) {
      for (const listener of trafficListeners) listener({ ...traffic, atMs: performance.now() });
    },
    refuseNext: (command, why) => void refusals.set(command, why),
    get commands() {
      return commands;
    },
  };
  return { vehicle, world };
}

function add<T>(all: Set<T>, one: T): () => void {
  all.add(one);
  return () => all.delete(one);
}
