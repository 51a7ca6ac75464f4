/** How the fake vehicle moves: a point at constant speed, in metres north, east and up of its home. */
import type { FlightMode, LandedState } from "#edge-agent/vehicle-port.ts";

export interface Metres {
  n: number;
  e: number;
  u: number;
}

export class FakeFlight {
  readonly at: Metres = { n: 0, e: 0, u: 0 };
  readonly velocity: Metres = { n: 0, e: 0, u: 0 };
  mode: FlightMode = "hold";
  armed = false;
  landed: LandedState = "ground";
  target: Metres | undefined;
  circle: { n: number; e: number; radiusM: number; angle: number; speedMS: number; turn: number } | undefined;
  mission:
    | {
        points: Metres[];
        current: number;
        thenReturn: boolean;
        /** `times`: rounds still to fly. */
        again?: { from: number; through: number; times: number };
      }
    | undefined;
  fence: { n: number; e: number }[] | undefined;
  cruiseMS = 10;
  returnHeightM = 40;
  readonly #ended: (to: FlightMode, evidence: string) => void;

  /** @param ended a mode has come to its natural end in another. */
  constructor(ended: (to: FlightMode, evidence: string) => void) {
    this.#ended = ended;
  }

  step(dt: number): void {
    if (!this.armed || this.landed === "ground") return;
    const { at, target, circle, mission } = this;
    if (this.mode === "takeoff" && target && this.#towards(target, dt)) {
      this.landed = "air";
      this.#ended("hold", "takeoff ends in hold");
    } else if (this.mode === "hold" && target) this.#towards(target, dt);
    else if (this.mode === "mission" && mission) this.#fly(mission, dt);
    else if (this.mode === "orbit" && circle) {
      circle.angle += ((circle.turn * circle.speedMS) / circle.radiusM) * dt;
      const n = circle.n + Math.cos(circle.angle) * circle.radiusM;
      const e = circle.e + Math.sin(circle.angle) * circle.radiusM;
      this.#towards({ n, e, u: target?.u ?? at.u }, dt);
    } else if (this.mode === "return") {
      const highU = Math.max(at.u, this.returnHeightM);
      if (Math.hypot(at.n, at.e) > 1)
        this.#towards(at.u < highU - 0.5 ? { ...at, u: highU } : { n: 0, e: 0, u: highU }, dt);
      else if (this.#towards({ n: 0, e: 0, u: 0 }, dt)) this.touchDown();
    } else if (this.mode === "land" && this.#towards({ ...at, u: 0 }, dt)) this.touchDown();
  }

  touchDown(): void {
    this.landed = "ground";
    this.armed = false;
    this.at.u = 0;
    Object.assign(this.velocity, { n: 0, e: 0, u: 0 });
  }

  /** Whether the fence lets it go there (crossing number). */
  allows(to: { n: number; e: number }): boolean {
    if (this.fence === undefined) return true;
    let odd = false;
    this.fence.forEach((p, i, points) => {
      const q = points.at(i - 1)!;
      if (p.e > to.e !== q.e > to.e && to.n < ((q.n - p.n) * (to.e - p.e)) / (q.e - p.e) + p.n) odd = !odd;
    });
    return odd;
  }

  /** Straight there at the cruise speed; true when there. */
  #towards(to: Metres, dt: number): boolean {
    const { at, velocity } = this;
    const d = { n: to.n - at.n, e: to.e - at.e, u: to.u - at.u };
    const across = Math.hypot(d.n, d.e);
    const speed = across > 0.01 ? Math.min(this.cruiseMS, across / dt) / across : 0;
    velocity.n = d.n * speed;
    velocity.e = d.e * speed;
    velocity.u = Math.sign(d.u) * Math.min(3, Math.abs(d.u) / dt);
    at.n += velocity.n * dt;
    at.e += velocity.e * dt;
    at.u += velocity.u * dt;
    return Math.hypot(to.n - at.n, to.e - at.e) < 0.5 && Math.abs(to.u - at.u) < 0.3;
  }

  get progress() {
    const { current, points } = this.mission ?? { current: 0, points: [] };
    return { current, total: points.length, finished: current >= points.length };
  }

  #fly(mission: NonNullable<FakeFlight["mission"]>, dt: number): void {
    const to = mission.points[mission.current];
    const { again } = mission;
    if (to && this.#towards(to, dt)) {
      if (again && again.through === mission.current && again.times-- > 0) mission.current = again.from;
      else mission.current++;
    }
    if (mission.current < mission.points.length) return;
    this.target = { ...this.at };
    this.#ended(mission.thenReturn ? "return" : "hold", "the mission ended");
  }
}
