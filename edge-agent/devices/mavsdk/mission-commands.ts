/** Missions and geofences: upload, start, progress, read back. Raw items, because MAVSDK's own mission plugin cannot do ArduPilot's. */
import {
  type CommandResult,
  type Geofence,
  type MissionItem,
  type MissionOptions,
  pilotModes,
} from "#edge-agent/vehicle-port.ts";
import type { FenceData, FencePoint } from "./api.ts";
import type { Context } from "./context.ts";
import { missionItems, type RawMission } from "./mission-items.ts";
import { refused, resultOf } from "./refusals.ts";

/** PX4 refuses a start for about a second after an upload. */
const startWithinMs = 2500;
const startEveryMs = 200;

export class MissionCommands {
  readonly #context: Context;
  /** First raw item of each of ours; undefined for a mission that another process uploaded. */
  #starts: readonly number[] | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  async upload(items: readonly MissionItem[], options: MissionOptions = {}): Promise<CommandResult> {
    if (items.length < 1 || items.length > 500)
      return refused("input", `a mission has 1 to 500 items, not ${items.length}`);
    const bad = items.findIndex(
      (item) => !(Math.abs(item.lat) <= 90 && Math.abs(item.lon) <= 180 && Number.isFinite(item.relAltM)),
    );
    if (bad >= 0) return refused("input", `items.${bad}: lat, lon or relAltM is out of range`);
    const { from, through, times } = options.again ?? { from: 0, through: 0, times: 1 };
    const whole = [from, through, times].every(Number.isInteger);
    if (!whole || from < 0 || through < from || through >= items.length || !(times >= 1 && times <= 32_767))
      return refused("input", `again: from ${from} through ${through}, ${times} times is not a part of the mission`);
    const { ardupilot } = this.#context;
    const { home } = this.#context.state;
    return this.uploadRaw("uploadMission", missionItems(items, options, { ardupilot, home }));
  }

  async uploadRaw(name: string, mission: RawMission): Promise<CommandResult> {
    return this.#context.run(name, async (rpc) => {
      const request = { mission_items: mission.items };
      const upload = async () =>
        resultOf((await rpc.call("mission_raw.UploadMission", request, 30_000)).mission_raw_result);
      const result = await twice(upload);
      if (!result.ok) return result;
      this.#starts = mission.starts;
      this.#context.store.set({ mission: { current: 0, total: mission.starts.length, finished: false } });
      return result;
    });
  }

  async start(fromItem?: number): Promise<CommandResult> {
    return this.#context.lead("startMission", ["mission"], async (rpc) => {
      if (fromItem !== undefined) {
        const index = this.#starts === undefined ? fromItem : this.#starts[fromItem];
        if (index === undefined) return refused("input", `the mission has no item ${fromItem}`);
        const moved = resultOf((await rpc.call("mission_raw.SetCurrentMissionItem", { index })).mission_raw_result);
        if (!moved.ok) return moved;
      }
      const untilMs = performance.now() + startWithinMs;
      for (;;) {
        const result = resultOf((await rpc.call("mission_raw.StartMission", {})).mission_raw_result);
        const again = !result.ok && ["denied", "failed", "busy"].includes(result.why) && performance.now() < untilMs;
        // A pilot who took the stick meanwhile is not to be overruled by a repetition.
        const byHand = pilotModes.includes(this.#context.state.mode ?? "other");
        if (!again || byHand) return result;
        await new Promise((resolve) => setTimeout(resolve, startEveryMs));
      }
    });
  }

  async clear(): Promise<CommandResult> {
    return this.#context.run("clearMission", async (rpc) => {
      const result = resultOf((await rpc.call("mission_raw.ClearMission", {})).mission_raw_result);
      if (result.ok) this.#forget();
      return result;
    });
  }

  #forget(): void {
    this.#starts = undefined;
    this.#context.store.set({ mission: undefined });
  }

  /** Raw progress (`current` = `total` at the end) -> the state's, counted in our items. */
  progress(current: number, total: number): void {
    if (total <= 0) {
      this.#forget();
      return;
    }
    const finished = current >= total;
    const starts = this.#starts;
    const at =
      starts === undefined
        ? current
        : Math.max(
            0,
            starts.findLastIndex((start) => start <= current),
          );
    // Of one that an agent before us uploaded the last raw item is its return, which is no place to fly to.
    const count = starts?.length ?? Math.max(1, total - 1);
    this.#context.store.set({ mission: { current: finished ? count : at, total: count, finished } });
  }

  async setGeofence(fence: Geofence): Promise<CommandResult> {
    const polygons = fence.polygons ?? [];
    const circles = fence.circles ?? [];
    if (polygons.length + circles.length === 0) return refused("input", "a geofence needs a polygon or a circle");
    const thin = polygons.findIndex((polygon) => polygon.points.length < 3);
    if (thin >= 0) return refused("input", `polygons.${thin}: needs at least 3 corners`);
    const data = dataOf(fence);
    return this.#context.run("setGeofence", async (rpc) => {
      const up = await twice(async () =>
        resultOf((await rpc.call("geofence.UploadGeofence", { geofence_data: data }, 30_000)).geofence_result),
      );
      if (!up.ok) return up;
      const back = await rpc.call("geofence.DownloadGeofence", {}, 30_000);
      const down = resultOf(back.geofence_result);
      if (!down.ok) return refused(down.why, `uploaded, but not read back: ${down.detail}`);
      return same(data, back.geofence_data)
        ? { ok: true }
        : refused("failed", "the vehicle holds another geofence than was sent");
    });
  }

  async holdsGeofence(fence: Geofence): Promise<CommandResult<{ same: boolean }>> {
    return this.#context.run("holdsGeofence", async (rpc) => {
      const { geofence_result, geofence_data } = await rpc.call("geofence.DownloadGeofence", {}, 30_000);
      const down = resultOf(geofence_result);
      return down.ok ? { ok: true, same: same(dataOf(fence), geofence_data) } : down;
    });
  }

  async clearGeofence(): Promise<CommandResult> {
    return this.#context.run("clearGeofence", async (rpc) =>
      resultOf((await rpc.call("geofence.ClearGeofence", {})).geofence_result),
    );
  }
}

/** Once more after a timeout: a transfer replaces the whole list, so a thin link may be tried again. */
async function twice(transfer: () => Promise<CommandResult>): Promise<CommandResult> {
  const first = await transfer();
  return !first.ok && first.why === "timeout" ? transfer() : first;
}

const point = ({ lat, lon }: { lat: number; lon: number }) => ({ latitude_deg: lat, longitude_deg: lon });
const fenceType = (kind: "inclusion" | "exclusion") =>
  kind === "inclusion" ? "FENCE_TYPE_INCLUSION" : "FENCE_TYPE_EXCLUSION";

const dataOf = ({ polygons = [], circles = [] }: Geofence): FenceData => ({
  polygons: polygons.map((each) => ({ points: each.points.map(point), fence_type: fenceType(each.kind) })),
  circles: circles.map((each) => ({
    point: point(each.centre),
    radius: each.radiusM,
    fence_type: fenceType(each.kind),
  })),
});

/** Equal to within the 1e-7 degrees that MAVLink carries (MAVSDK cuts what is finer, it does not round), and to a decimetre of radius. */
function same(a: FenceData, b: FenceData): boolean {
  return (
    a.polygons.length === b.polygons.length &&
    a.circles.length === b.circles.length &&
    a.polygons.every((each, k) => {
      const other = b.polygons[k]!;
      return (
        each.fence_type === other.fence_type &&
        each.points.length === other.points.length &&
        each.points.every((corner, n) => near(corner, other.points[n]!))
      );
    }) &&
    a.circles.every((each, k) => {
      const other = b.circles[k]!;
      return (
        each.fence_type === other.fence_type &&
        near(each.point, other.point) &&
        Math.abs(each.radius - other.radius) < 0.1
      );
    })
  );
}

const near = (a: FencePoint, b: FencePoint): boolean =>
  Math.abs(a.latitude_deg - b.latitude_deg) < 2.5e-7 && Math.abs(a.longitude_deg - b.longitude_deg) < 2.5e-7;
