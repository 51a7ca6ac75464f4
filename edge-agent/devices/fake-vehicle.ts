/**
 * A vehicle in memory, for tests of roles: the same port and the same suite as the real one, without MAVLink or a process.
 * A point that moves at constant speed; its faults are made by `world`.
 */
import type {
  CommandResult,
  FlightMode,
  GeoPoint,
  LandedState,
  LinkState,
  ModeCause,
  ModeChange,
  RefusalWhy,
  StickInput,
  Traffic,
  Vehicle,
  VehicleState,
  VehicleText,
} from "#edge-agent/vehicle-port.ts";

export interface FakeVehicleOptions {
  name?: string;
  home?: { lat: number; lon: number; absAltM: number };
  /** Simulated seconds a second. Default 10. */
  speed?: number;
  params?: Readonly<Record<string, number>>;
}

export interface FakeWorld {
  pilotMode(mode: FlightMode): void;
  /** A mode change by the autopilot's own failsafe. */
  failsafe(mode: FlightMode): void;
  pilotSticks(deflection: number): void;
  setLink(link: LinkState): void;
  setBattery(fraction: number): void;
  setWind(speedMS: number): void;
  setGnss(fix: "none" | "3d"): void;
  setArmable(armable: boolean): void;
  hearTraffic(traffic: Omit<Traffic, "atMs">): void;
  /** The next command of that name is refused. */
  refuseNext(command: keyof Vehicle, why: RefusalWhy): void;
  /** Commands as they came, newest last. */
  readonly commands: readonly string[];
}

const perLatM = 111_320;
const defaultParams: Readonly<Record<string, number>> = {
  NAV_DLL_ACT: 2,
  COM_DL_LOSS_T: 5,
  NAV_RCL_ACT: 2,
  COM_LOW_BAT_ACT: 3,
  BAT_LOW_THR: 0.25,
  BAT_CRIT_THR: 0.12,
  GF_ACTION: 3,
  RTL_RETURN_ALT: 40,
};

export function fakeVehicle(options: FakeVehicleOptions = {}): { vehicle: Vehicle; world: FakeWorld } {
  const home = options.home ?? { lat: 52.1, lon: 5.1, absAltM: 12 };
  const perLonM = perLatM * Math.cos((home.lat * Math.PI) / 180);
  const speed = options.speed ?? 10;
  const params = new Map(Object.entries({ ...defaultParams, ...options.params }));
  const states = new Set<(state: VehicleState) => void>();
  const modeListeners = new Set<(change: ModeChange) => void>();
  const stickListeners = new Set<(input: StickInput) => void>();
  const trafficListeners = new Set<(traffic: Traffic) => void>();
  const textListeners = new Set<(text: VehicleText) => void>();
  const linkListeners = new Set<(link: LinkState) => void>();
  const commands: string[] = [];
  const refusals = new Map<string, RefusalWhy>();
  const counters = { driverRestarts: 0, linkLosses: 0, commands: 0, refused: 0, streamRestarts: 0 };
  const at = { n: 0, e: 0, u: 0 };
  const velocity = { n: 0, e: 0, u: 0 };
  let target: { n: number; e: number; u: number } | undefined;
  let circle: { n: number; e: number; radiusM: number; angle: number; speedMS: number; turn: number } | undefined;
  let mission: { points: { n: number; e: number; u: number }[]; current: number; thenReturn: boolean } | undefined;
  let fence: { points: { n: number; e: number }[] } | undefined;
  let mode: FlightMode = "hold";
  let armed = false;
  let landed: LandedState = "ground";
  let link: LinkState = "up";
  let heardMs = performance.now();
  let cruiseMS = 10;
  let closed = false;
  const part: Pick<VehicleState, "battery" | "gnss" | "health" | "wind" | "rc" | "gimbal" | "camera"> = {
    battery: { fraction: 1, voltageV: 25 },
    gnss: { fix: "3d", satellites: 14, hdop: 0.7 },
    health: {
      gyro: true,
      accelerometer: true,
      magnetometer: true,
      localPosition: true,
      globalPosition: true,
      homePosition: true,
      armable: true,
    },
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
        lat: home.lat + at.n / perLatM,
        lon: home.lon + at.e / perLonM,
        absAltM: home.absAltM + at.u,
        relAltM: at.u,
        atMs,
      },
      velocity: { northMS: velocity.n, eastMS: velocity.e, downMS: -velocity.u },
      headingDeg: ((Math.atan2(velocity.e, velocity.n) * 180) / Math.PI + 360) % 360,
      ...part,
      mode,
      armed,
      inAir: landed !== "ground",
      landed,
      home,
      ...(mission === undefined
        ? {}
        : {
            mission: {
              current: mission.current,
              total: mission.points.length,
              finished: mission.current >= mission.points.length,
            },
          }),
      texts: [],
      counters: { ...counters },
    });
  }

  function change(to: FlightMode, cause: ModeCause, evidence: string): void {
    if (to === mode) return;
    const from = mode;
    mode = to;
    const ours = cause === "commanded" || cause === "natural";
    if (link !== "up") return;
    for (const listener of modeListeners)
      listener({ from, to, cause, ours, evidence, raw: 0, atMs: performance.now() });
  }

  /** Straight to the target at the cruise speed; true when there. */
  function towards(to: { n: number; e: number; u: number }, dt: number): boolean {
    const d = { n: to.n - at.n, e: to.e - at.e, u: to.u - at.u };
    const across = Math.hypot(d.n, d.e);
    velocity.n = across > 0.01 ? (d.n / across) * Math.min(cruiseMS, across / dt) : 0;
    velocity.e = across > 0.01 ? (d.e / across) * Math.min(cruiseMS, across / dt) : 0;
    velocity.u = Math.sign(d.u) * Math.min(3, Math.abs(d.u) / dt);
    at.n += velocity.n * dt;
    at.e += velocity.e * dt;
    at.u += velocity.u * dt;
    return Math.hypot(to.n - at.n, to.e - at.e) < 0.5 && Math.abs(to.u - at.u) < 0.3;
  }

  function touchDown(): void {
    landed = "ground";
    armed = false;
    at.u = 0;
    Object.assign(velocity, { n: 0, e: 0, u: 0 });
  }

  function step(dt: number): void {
    if (!armed || landed === "ground") return;
    const high = { n: at.n, e: at.e, u: Math.max(at.u, params.get("RTL_RETURN_ALT") ?? 40) };
    if (mode === "takeoff" && target && towards(target, dt)) {
      landed = "air";
      change("hold", "natural", "takeoff ends in hold");
    } else if (mode === "hold" && target) towards(target, dt);
    else if (mode === "mission" && mission) flyMission(mission, dt);
    else if (mode === "orbit" && circle) {
      circle.angle += ((circle.turn * circle.speedMS) / circle.radiusM) * dt;
      const on = {
        n: circle.n + Math.cos(circle.angle) * circle.radiusM,
        e: circle.e + Math.sin(circle.angle) * circle.radiusM,
      };
      towards({ ...on, u: target?.u ?? at.u }, dt);
    } else if (mode === "return") {
      if (Math.hypot(at.n, at.e) > 1) towards(at.u < high.u - 0.5 ? high : { n: 0, e: 0, u: high.u }, dt);
      else if (towards({ n: 0, e: 0, u: 0 }, dt)) touchDown();
    } else if (mode === "land" && towards({ n: at.n, e: at.e, u: 0 }, dt)) touchDown();
  }

  function flyMission(run: NonNullable<typeof mission>, dt: number): void {
    const to = run.points[run.current];
    if (to && towards(to, dt)) run.current++;
    if (run.current < run.points.length) return;
    target = { ...at };
    change(run.thenReturn ? "return" : "hold", "natural", "the mission ended");
  }

  let lastMs = performance.now();
  let emittedMs = 0;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    for (let left = ((nowMs - lastMs) / 1000) * speed; left > 0; left -= 0.05) step(Math.min(0.05, left));
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
  const flying = () => landed !== "ground";
  const placeFault = (point: GeoPoint) =>
    Math.abs(point.lat) <= 90 && Math.abs(point.lon) <= 180 ? undefined : no("input", "lat or lon is out of range");

  const vehicle: Vehicle = {
    name: options.name ?? "fake",
    get state() {
      return snapshot();
    },
    onState: (listener) => add(states, listener),
    onModeChange: (listener) => add(modeListeners, listener),
    onStick: (listener) => add(stickListeners, listener),
    onTraffic: (listener) => add(trafficListeners, listener),
    onText: (listener) => add(textListeners, listener),
    onLink: (listener) => add(linkListeners, listener),
    ready: async () => {},
    arm: () =>
      run("arm", () => {
        if (!armed && !part.health?.armable) return no("denied", "not armable");
        armed = true;
        return yes;
      }),
    disarm: () =>
      run("disarm", () => {
        if (armed && flying()) return no("state", "not on the ground");
        armed = false;
        return yes;
      }),
    takeOff: (heightM) =>
      run("takeOff", () => {
        if (!(heightM >= 1 && heightM <= 500)) return no("input", "height must be 1 to 500");
        if (!armed || flying()) return no("state", armed ? "already in the air" : "not armed");
        target = { ...at, u: at.u + heightM };
        landed = "takingOff";
        return lead("takeoff", "takeOff");
      }),
    goTo: (to) =>
      run("goTo", () => {
        const fault = placeFault(to);
        if (fault) return fault;
        if (!flying()) return no("state", "not in the air");
        if (fence && !inside(fence.points, local(to))) return no("denied", "outside geofence");
        target = { ...local(to), u: to.absAltM - home.absAltM };
        return lead("hold", "goTo");
      }),
    setSpeed: (speedMS) =>
      run("setSpeed", () => {
        cruiseMS = speedMS;
        return yes;
      }),
    hold: () =>
      run("hold", () => {
        target = { ...at };
        Object.assign(velocity, { n: 0, e: 0, u: 0 });
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
        const angle = Math.atan2(at.e - centre.e, at.n - centre.n);
        const turn = orbit.clockwise === false ? -1 : 1;
        circle = { ...centre, radiusM: orbit.radiusM, angle, speedMS: orbit.speedMS, turn };
        target = { ...at, u: orbit.absAltM - home.absAltM };
        lead("orbit", "orbit");
        return { ok: true, how: "native" };
      }),
    uploadMission: (items, uploadOptions) =>
      run("uploadMission", () => {
        if (items.length < 1 || items.length > 500) return no("input", "1 to 500 items");
        const points = items.map((item) => ({ ...local(item), u: item.relAltM }));
        mission = { points, current: 0, thenReturn: uploadOptions?.thenReturn ?? false };
        return yes;
      }),
    startMission: (fromItem) =>
      run("startMission", () => {
        if (mission === undefined) return no("denied", "no mission");
        if (fromItem !== undefined) mission.current = fromItem;
        return lead("mission", "startMission");
      }),
    clearMission: () =>
      run("clearMission", () => {
        mission = undefined;
        return yes;
      }),
    setGeofence: (wanted) =>
      run("setGeofence", () => {
        const first = wanted.polygons?.find((polygon) => polygon.kind === "inclusion");
        if (!first && !wanted.circles?.length) return no("input", "a geofence needs a polygon or a circle");
        fence = first ? { points: first.points.map(local) } : undefined;
        return yes;
      }),
    clearGeofence: () =>
      run("clearGeofence", () => {
        fence = undefined;
        return yes;
      }),
    pointGimbal: (aim) =>
      run("pointGimbal", () => {
        if (!(aim.pitchDeg >= -90 && aim.pitchDeg <= 45)) return no("input", "pitch must be -90 to 45");
        part.gimbal = { pitchDeg: aim.pitchDeg, yawDeg: (aim.yawDeg + 360) % 360 };
        return yes;
      }),
    lookAt: (to) =>
      run("lookAt", () => {
        const d = { n: local(to).n - at.n, e: local(to).e - at.e, u: to.absAltM - home.absAltM - at.u };
        const pitchDeg = (Math.atan2(d.u, Math.hypot(d.n, d.e)) * 180) / Math.PI;
        part.gimbal = { pitchDeg, yawDeg: ((Math.atan2(d.e, d.n) * 180) / Math.PI + 360) % 360 };
        return yes;
      }),
    takePhoto: () => run("takePhoto", () => filmed({ photos: (part.camera?.photos ?? 0) + 1 })),
    startVideo: () => run("startVideo", () => filmed({ recording: true })),
    stopVideo: () => run("stopVideo", () => filmed({ recording: false })),
    zoom: (percent) => run("zoom", () => (percent >= 0 && percent <= 100 ? yes : no("input", "0 to 100"))),
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
        return yes;
      }),
    allParams: () => run("allParams", () => ({ ok: true, params: new Map(params) })),
    failsafes: () =>
      run("failsafes", () => {
        const link3 = ["none", "hold", "return", "land"] as const;
        const act = (name: string) => link3[params.get(name) ?? 0] ?? "other";
        return {
          ok: true,
          failsafes: {
            dataLinkLoss: { action: act("NAV_DLL_ACT"), afterS: params.get("COM_DL_LOSS_T") ?? 5 },
            rcLoss: { action: act("NAV_RCL_ACT") },
            batteryLow: { action: "warn", atFraction: params.get("BAT_LOW_THR") ?? 0 },
            batteryCritical: {
              action: params.get("COM_LOW_BAT_ACT") === 3 ? "return" : "warn",
              atFraction: params.get("BAT_CRIT_THR") ?? 0,
            },
            geofence: { action: params.get("GF_ACTION") === 3 ? "return" : "warn" },
            returnHeightM: params.get("RTL_RETURN_ALT") ?? 0,
            stickOverride: true,
            raw: Object.fromEntries(params),
          },
        };
      }),
    cutMotors: () =>
      run("cutMotors", () => {
        touchDown();
        return yes;
      }),
    async close() {
      closed = true;
      clearInterval(timer);
    },
  };

  function filmed(camera: Partial<NonNullable<VehicleState["camera"]>>): CommandResult {
    part.camera = { ...{ recording: false, photos: 0 }, ...part.camera, ...camera };
    return yes;
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
    setArmable: (armable) => void (part.health = { ...part.health!, armable }),
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

function inside(points: readonly { n: number; e: number }[], at: { n: number; e: number }): boolean {
  let odd = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const p = points[i]!;
    const q = points[j]!;
    if (p.e > at.e !== q.e > at.e && at.n < ((q.n - p.n) * (at.e - p.e)) / (q.e - p.e) + p.n) odd = !odd;
  }
  return odd;
}
