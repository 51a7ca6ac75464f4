/** Flies an uploaded mission: MAV_CMD items in order, set-and-go commands at once, waypoints when reached. */
import type { Autopilot } from "./autopilot.ts";
import { type Vector, velocityTo, type Wanted } from "./body.ts";
import { descend } from "./guidance.ts";
import type { Item } from "./mission-store.ts";
import { toLocal } from "./place.ts";

const cmd = {
  waypoint: 16,
  loiterUnlimited: 17,
  loiterTurns: 18,
  loiterTime: 19,
  returnHome: 20,
  land: 21,
  takeoff: 22,
  delay: 93,
  jump: 177,
  speed: 178,
} as const;
const places: readonly number[] = [16, 17, 18, 19, 21, 22];
const relativeFrames: readonly number[] = [3, 6];

export class MissionRun {
  readonly #craft: Autopilot;
  #items: readonly Item[] = [];
  #arrivedAtS: number | undefined;
  readonly #jumps = new Map<number, number>();
  /** Item being flown. */
  current = 0;
  reached = -1;
  /** Commands of items that are not flight: camera, gimbal, region of interest. */
  onCommand: (item: Item) => void = () => {};
  onReached: (seq: number) => void = () => {};

  constructor(craft: Autopilot) {
    this.#craft = craft;
  }

  get total(): number {
    return this.#items.length;
  }

  /** ArduPilot keeps item 0 for home. */
  get #first(): number {
    return this.#craft.stack === "ardupilot" && this.#items.length > 1 ? 1 : 0;
  }

  load(items: readonly Item[]): void {
    this.#items = items;
    this.jumpTo(this.#first);
    this.reached = -1;
    if (this.#craft.mode === "mission") this.#craft.setMode("hold");
  }

  jumpTo(seq: number): boolean {
    if (seq < 0 || (seq >= this.#items.length && seq !== 0)) return false;
    this.current = seq;
    this.#arrivedAtS = undefined;
    this.#jumps.clear();
    return true;
  }

  start(): void {
    if (this.current >= this.#items.length || this.current < this.#first) this.jumpTo(this.#first);
    this.#arrivedAtS = undefined;
  }

  guide(here: Vector): Wanted {
    const craft = this.#craft;
    // Bounded: a mission of jumps alone cannot hang a step.
    for (let turn = 0; turn < 50; turn++) {
      const item = this.#items[this.current];
      if (item === undefined) {
        craft.text(6, "Mission finished, loitering");
        craft.setMode("hold");
        return { n: 0, e: 0, u: 0, yaw: undefined };
      }
      if (item.command === cmd.returnHome) {
        this.current++;
        craft.setMode("return");
        return { n: 0, e: 0, u: 0, yaw: undefined };
      }
      if (places.includes(item.command)) {
        const wanted = this.#toPlace(item, here);
        if (wanted !== undefined) return wanted;
      } else if (item.command === cmd.delay) {
        this.#arrivedAtS ??= craft.timeS;
        if (craft.timeS - this.#arrivedAtS < item.params[0]) return { n: 0, e: 0, u: 0, yaw: undefined };
        this.#next();
      } else if (item.command === cmd.jump) this.#jump(item);
      else {
        if (item.command === cmd.speed && item.params[1] > 0) craft.speedMS = item.params[1];
        else this.onCommand(item);
        this.#next();
      }
    }
    return { n: 0, e: 0, u: 0, yaw: undefined };
  }

  #toPlace(item: Item, here: Vector): Wanted | undefined {
    const craft = this.#craft;
    const home = craft.home ?? { n: 0, e: 0, u: 0 };
    const target = toLocal(craft.origin, item.lat, item.lon, 0);
    target.u = relativeFrames.includes(item.frame) ? home.u + item.z : item.z - craft.origin.altM;
    if (craft.landed === "ground") {
      // From the ground: straight up first, to the item's height.
      craft.target = { n: here.n, e: here.e, u: here.u, yaw: craft.body.yaw };
      if (here.u < home.u + 0.8) return { n: 0, e: 0, u: craft.limits.upMS, yaw: craft.body.yaw };
    }
    if (item.command === cmd.land)
      return descend(craft, velocityTo(here, { ...target, u: here.u }, craft.limits), here);
    if (item.command === cmd.takeoff || (this.reached < 0 && here.u < target.u - 1.5)) {
      target.n = craft.target.n;
      target.e = craft.target.e;
      if (item.command !== cmd.takeoff) return { ...velocityTo(here, target, craft.limits), yaw: craft.body.yaw };
    }
    const accept = Math.max(item.params[1] || 0, craft.param("NAV_ACC_RAD"));
    const across = Math.hypot(target.n - here.n, target.e - here.e);
    const near = across < accept && Math.abs(target.u - here.u) < Math.max(1, accept);
    const course = across > 2 ? Math.atan2(target.e - here.e, target.n - here.n) : craft.body.yaw;
    const yaw =
      Number.isFinite(item.params[3]) && item.command === cmd.waypoint ? (item.params[3] * Math.PI) / 180 : course;
    if (near && this.#arrivedAtS === undefined) {
      this.#arrivedAtS = craft.timeS;
      this.reached = this.current;
      this.onReached(this.current);
    }
    const stayS = this.#staySeconds(item);
    if (this.#arrivedAtS !== undefined && craft.timeS - this.#arrivedAtS >= stayS) {
      this.#next();
      return undefined;
    }
    craft.target = { ...target, yaw };
    const wanted = velocityTo(here, target, craft.limits);
    if (stayS > 0 || this.#nextPlace() === undefined || near) return { ...wanted, yaw };
    // Passing a point that is flown through: no braking, the corner is cut within the acceptance radius.
    const slow = Math.hypot(wanted.n ?? 0, wanted.e ?? 0);
    const keep = slow > 0.1 ? Math.max(1, Math.min(craft.limits.horizontalMS, 3) / slow) : 1;
    return { n: wanted.n * keep, e: wanted.e * keep, u: wanted.u, yaw };
  }

  #staySeconds(item: Item): number {
    if (item.command === cmd.loiterUnlimited) return Infinity;
    if (item.command === cmd.loiterTime || item.command === cmd.waypoint) return Math.max(0, item.params[0] || 0);
    return 0;
  }

  #nextPlace(): Item | undefined {
    return this.#items
      .slice(this.current + 1)
      .find((each) => places.includes(each.command) || each.command === cmd.jump);
  }

  #next(): void {
    this.current++;
    this.#arrivedAtS = undefined;
  }

  #jump(item: Item) {
    const done = this.#jumps.get(this.current) ?? 0;
    const [to, times] = item.params;
    if (times >= 0 && done >= times) return this.#next();
    this.#jumps.set(this.current, done + 1);
    this.current = to;
    this.#arrivedAtS = undefined;
  }
}
