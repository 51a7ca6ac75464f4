/** The mission of a rehearsal's vehicle: points in order, rounds and stays, as an autopilot flies what it was given. */
import type { MissionPath, PathPoint } from "./flight.ts";

export class RehearsedMission {
  private path: MissionPath = { points: [] };
  private next = 0;
  private rounds = 0;
  private stayedS = 0;

  load(path: MissionPath): void {
    this.path = path;
    this.next = 0;
    this.rounds = 0;
    this.stayedS = 0;
  }

  /** Where it flies to; undefined when all is flown. */
  get to(): PathPoint | undefined {
    return this.path.points[this.next];
  }

  /** It is there, for `dtS` seconds now. */
  there(dtS: number): void {
    this.stayedS += dtS;
    if (this.stayedS < (this.to?.stayS ?? 0)) return;
    this.stayedS = 0;
    const { again } = this.path;
    if (again && this.next === again.through && this.rounds < again.times) {
      this.next = again.from;
      this.rounds++;
    } else this.next++;
  }
}
