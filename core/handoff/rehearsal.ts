/**
 * A vehicle, a dock and a clock for trying `step` on: point masses that do what they are told, and break when told to. For tests of the pure
 * machine; it shares no code with `sim/vehicle`, which flies under the real `mavsdk_server`.
 */
import type { FlightAct, Station } from "#contract/flight.ts";
import type { DockSeen, FailsafesRead, VehicleSeen } from "./flight.ts";
import { distanceM, type LatLon, movedBy } from "./local.ts";
import { RehearsedMission } from "./rehearsal-mission.ts";
import { dockAt, goodFailsafes, moved, rehearsalSite } from "./rehearsal-site.ts";
import type { Site } from "./site.ts";
import { type Drone, type DroneAction, type DroneEvent, newDrone, step } from "./step.ts";
import { mayWrite } from "./token.ts";

const modes: Partial<Record<DroneAction["do"], string>> = {
  takeOff: "takeoff",
  startMission: "mission",
  hold: "hold",
  return: "return",
  land: "land",
};

export class Rehearsal {
  drone: Drone = newDrone(0);
  readonly site: Site;
  tickMs = 0;
  readonly log: { tickMs: number; action: DroneAction }[] = [];
  position = { ...dockAt, altM: dockAt.altM };
  relAltM = 0;
  mode = "hold";
  armed = false;
  battery = 1;
  drainPerS = 1 / 2000;
  wind = { speedMps: 3, fromDeg: 270 };
  gnss = { fix: "3d", satellites: 14, horizontalM: 0.8 };
  link: VehicleSeen["link"] = "up";
  /** Does the vehicle hear us? With `link` lost it flies its own failsafe after 10 s. */
  silentSinceMs: number | undefined;
  dock: DockSeen = {
    link: "up",
    door: "closed",
    padOccupied: true,
    charging: false,
    tampered: false,
    stopPressed: false,
  };
  doorJams: "opening" | "closing" | undefined;
  refuses = new Map<string, string>();
  failsafes: FailsafesRead = goodFailsafes;
  /** Another aircraft, heard every half second. */
  aircraft: (LatLon & { altM: number }) | undefined;
  /** Set by a test whose pilot is alive. */
  keepsLease = false;
  /** The door came shut while a drone stood half in it: armed, or in the air above its pad. */
  doorOnDrone = false;
  utcMs = Date.UTC(2026, 10, 22, 18, 4, 12);
  private readonly mission = new RehearsedMission();
  private goal: (LatLon & { altM: number }) | undefined;
  private doorDoneMs: number | undefined;
  private orders = 0;

  constructor(site: Site = rehearsalSite()) {
    this.site = site;
    this.send({ type: "bus", tickMs: 0, up: true });
    this.report();
  }

  get phase() {
    return this.drone.flight.phase;
  }
  /** Back in its box after a flight, door closed. */
  get home(): boolean {
    return (this.phase === "charging" || this.phase === "docked") && this.hops.includes("charging");
  }

  get hops(): string[] {
    return this.log.flatMap(({ action }) => (action.do === "hop" ? [action.hop] : []));
  }

  send(event: DroneEvent): void {
    const [next, actions] = step(this.drone, event, this.site);
    // What is written to disk is all that there is: a state that does not survive it is found here.
    this.drone = event.type === "tick" && this.tickMs % 5000 === 0 ? structuredClone(next) : next;
    for (const action of actions) {
      this.log.push({ tickMs: this.tickMs, action });
      this.perform(action);
    }
  }

  order(payload: FlightAct, by = "dispatch", as: Station = "dispatch", epoch = this.drone.authority.epoch): string {
    const flight = "flight" in payload ? { flight: payload.flight } : {};
    const order = { id: `o${++this.orders}`, by, as, epoch, seenTickMs: this.tickMs, act: payload.act, ...flight };
    this.send({ type: "order", tickMs: this.tickMs, order, payload, utc: new Date(this.utcMs).toISOString() });
    return this.drone.authority.answers.at(-1)?.why ?? "";
  }

  token(act: string, by: string, as: Station = "remote", epoch = this.drone.authority.epoch, to?: string): string {
    const order = { id: `o${++this.orders}`, by, as, epoch, seenTickMs: this.tickMs, act, ...(to ? { to } : {}) };
    this.send({ type: "order", tickMs: this.tickMs, order });
    return this.drone.authority.answers.at(-1)?.why ?? "";
  }

  ask(eastM = 200, northM = 100, authorised = true, semiMajorM = 5): string {
    const place = {
      ...movedBy(dockAt, { eastM, northM }),
      ellipse95: { semiMajorM, semiMinorM: semiMajorM / 2, azimuthDeg: 30 },
    };
    return this.order({
      act: "ask",
      flight: `f${this.orders + 1}`,
      incident: "i1",
      incidentVersion: 1,
      place,
      laneHeightM: 50,
      corridor: [],
      ...(authorised
        ? { authorisation: { how: "policy", by: "dispatch", at: "2026-11-22T18:04:12Z", why: "97 %" } }
        : {}),
    });
  }

  /** Runs until the predicate holds; throws after `limitS` with the story so far. */
  until(predicate: (r: Rehearsal) => boolean, limitS = 900): this {
    const end = this.tickMs + limitS * 1000;
    while (!predicate(this)) {
      if (this.tickMs > end) {
        const { phase, why } = this.drone.flight;
        throw new Error(
          `not reached in ${limitS} s: ${phase} (${why}); ${this.hops.join(" ")}; vehicle ${this.mode}, armed ${this.armed}`,
        );
      }
      this.second(0.5);
    }
    return this;
  }

  run(seconds: number): this {
    for (let s = 0; s < seconds; s += 0.5) this.second(0.5);
    return this;
  }

  private second(dtS: number): void {
    this.tickMs += dtS * 1000;
    this.utcMs += dtS * 1000;
    this.fly(dtS);
    if (this.dock.stopPressed) this.doorDoneMs = undefined;
    if (this.doorDoneMs !== undefined && this.tickMs >= this.doorDoneMs) {
      this.doorDoneMs = undefined;
      this.dock.door = this.doorJams === this.dock.door ? "jammed" : this.dock.door === "opening" ? "open" : "closed";
    }
    if (this.dock.door === "closing" && this.armed) this.doorOnDrone = true;
    if (this.aircraft) {
      const heard = { icao: "abc123", ...this.aircraft, heardTickMs: this.tickMs };
      this.send({ type: "aircraft", tickMs: this.tickMs, aircraft: heard });
    }
    this.report();
    this.send({ type: "tick", tickMs: this.tickMs });
  }

  setBus(up: boolean): void {
    this.send({ type: "bus", tickMs: this.tickMs, up });
  }

  /** A mode that nobody here ordered: the transmitter on site, or the autopilot. */
  byItself(mode: string, cause: "pilot" | "failsafe"): void {
    if (!this.armed) return;
    this.mode = mode;
    this.send({ type: "mode", tickMs: this.tickMs, to: mode, cause, evidence: "its own word" });
  }

  report(): void {
    const landed = this.relAltM < 0.2 ? "ground" : "air";
    const heard: VehicleSeen = {
      link: "up",
      rcAvailable: false,
      armable: true,
      landed,
      relAltM: this.relAltM,
      battery: this.battery,
      gnss: this.gnss,
      mode: this.mode,
      armed: this.armed,
      wind: this.wind,
      position: { lat: this.position.lat, lon: this.position.lon, altM: dockAt.altM + this.relAltM },
    };
    this.dock.padOccupied = this.relAltM < 0.2 && distanceM(this.position, dockAt) < 1;
    this.send({ type: "dock", tickMs: this.tickMs, seen: { ...this.dock } });
    const seen = this.link === "up" ? heard : { ...this.drone.flight.vehicle, link: this.link };
    this.send({ type: "vehicle", tickMs: this.tickMs, seen });
  }

  private fly(dtS: number): void {
    if (this.link === "up") this.silentSinceMs = undefined;
    else this.silentSinceMs ??= this.tickMs;
    if (
      this.armed &&
      this.silentSinceMs !== undefined &&
      this.tickMs - this.silentSinceMs > 10_000 &&
      this.mode !== "land"
    )
      this.mode = "return";
    if (!this.armed) return;
    this.battery = Math.max(0, this.battery - this.drainPerS * dtS);
    if (this.battery === 0) throw new Error(`the battery went flat in ${this.phase}, ${this.mode}`);
    if (this.mode === "land") this.sink(dtS);
    else if (this.mode === "takeoff") {
      this.relAltM += this.site.performance.climbMps * dtS;
      if (this.relAltM >= this.site.height.climbM) this.setMode("hold", "natural");
    } else if (this.mode === "return") {
      if (distanceM(this.position, dockAt) < 0.5) this.sink(dtS);
      else this.towards({ ...dockAt, altM: dockAt.altM + 50 }, dtS);
    } else if (this.mode === "mission") {
      const { to } = this.mission;
      if (!to) this.setMode("return", "natural");
      else if (this.towards(to, dtS)) this.mission.there(dtS);
    } else if (this.mode === "guided" && this.goal) this.towards(this.goal, dtS);
  }

  private sink(dtS: number): void {
    this.relAltM = Math.max(0, this.relAltM - this.site.performance.descentMps * dtS);
    if (this.relAltM === 0) this.armed = false;
  }

  private towards(to: LatLon & { altM: number }, dtS: number): boolean {
    const { place, relAltM, there } = moved(this.position, this.relAltM, to, this.site, dtS);
    this.position = { ...this.position, ...place };
    this.relAltM = relAltM;
    return there;
  }

  private setMode(mode: string, cause: "natural" | "commanded"): void {
    this.mode = mode;
    if (this.link === "up") this.send({ type: "mode", tickMs: this.tickMs, to: mode, cause, evidence: "" });
  }

  private perform(action: DroneAction) {
    const refusal = this.refuses.get(action.do);
    if (refusal !== undefined)
      return this.send({ type: "done", tickMs: this.tickMs, what: action.do, ok: false, why: refusal });
    if (action.do === "openDoor" || action.do === "closeDoor") {
      const stuck = this.dock.door === "jammed" ? "jammed" : this.dock.stopPressed ? "stopped" : undefined;
      if (stuck) return this.send({ type: "done", tickMs: this.tickMs, what: action.do, ok: false, why: stuck });
      if (this.dock.link !== "up") return;
      this.dock.door = action.do === "openDoor" ? "opening" : "closing";
      this.doorDoneMs = this.tickMs + 3000;
      return;
    }
    if (action.do === "charger") this.dock.charging = action.on;
    if (action.do === "hop" || action.do === "charger" || action.do === "reclaim") return;
    if (!mayWrite(this.drone.authority, action.writer, action.epoch)) return;
    if (this.link !== "up") return;
    this.obey(action);
  }

  private obey(action: DroneAction) {
    switch (action.do) {
      case "prepare":
        this.mission.load(action.path);
        this.send({
          type: "facts",
          tickMs: this.tickMs,
          facts: { failsafes: this.failsafes, fenceSet: true, missionSet: true, utcMs: this.utcMs },
        });
        return;
      case "arm":
        this.armed = true;
        return;
      case "disarm":
        if (this.relAltM < 0.2) this.armed = false;
        return;
      case "cutMotors":
        this.armed = false;
        return;
      case "follow":
        this.mission.load(action.path);
        return this.setMode("mission", "commanded");
      case "goTo":
        this.goal = action.to;
        return this.setMode("guided", "commanded");
      default: {
        const mode = modes[action.do];
        if (mode) this.setMode(mode, "commanded");
      }
    }
  }

  /** The agent dies and a new one reads what it wrote: the vehicle flies on meanwhile. */
  restartAgent(awayS: number): void {
    // Its mavsdk_server dies with it: the vehicle hears nobody.
    this.link = "lost";
    for (let s = 0; s < awayS; s += 0.5) {
      this.tickMs += 500;
      this.fly(0.5);
    }
    this.link = "up";
    this.send({ type: "resumed", tickMs: this.tickMs });
    this.send({ type: "bus", tickMs: this.tickMs, up: true });
  }
}
