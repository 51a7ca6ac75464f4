/** Arm, take off, go, hold, come home, land, circle. Expected outcomes are values; each leads to modes that are then ours. */
import type { CommandResult, GeoPoint, Orbit } from "#edge-agent/vehicle-port.ts";
import type { Context } from "./context.ts";
import type { MissionCommands } from "./mission-commands.ts";
import { orbitItems } from "./mission-items.ts";
import { refused, resultOf } from "./refusals.ts";

const within = (value: number, low: number, high: number) => value >= low && value <= high;

function faultOfPlace({ lat, lon }: GeoPoint): string | undefined {
  if (!within(lat, -90, 90)) return `lat ${lat} must be -90 to 90`;
  if (!within(lon, -180, 180)) return `lon ${lon} must be -180 to 180`;
  return undefined;
}

export class FlightCommands {
  readonly #context: Context;
  readonly #missions: MissionCommands;

  constructor(context: Context, missions: MissionCommands) {
    this.#context = context;
    this.#missions = missions;
  }

  async arm(): Promise<CommandResult> {
    // Before it arms out of Land or Return, MAVSDK puts the vehicle in Hold (ArduPilot: Loiter or Guided).
    return this.#context.lead("arm", ["hold", "guided", "position", "altitude"], async (rpc) => {
      if (this.#context.state.armed) return { ok: true };
      const startedMs = performance.now();
      const result = resultOf((await rpc.call("action.Arm", {})).action_result);
      if (result.ok) await this.#context.until(() => this.#context.store.draft.armed === true);
      if (result.ok || result.why === "timeout") return result;
      const said = await this.#context.said(startedMs);
      return { ...result, detail: said || result.detail };
    });
  }

  async disarm(): Promise<CommandResult> {
    return this.#context.run("disarm", async (rpc) => {
      const { armed, landed } = this.#context.state;
      if (armed === false) return { ok: true };
      if (landed !== "ground") return refused("state", `not on the ground (${landed ?? "landed state not known"})`);
      const result = resultOf((await rpc.call("action.Disarm", {})).action_result);
      if (result.ok) await this.#context.until(() => this.#context.store.draft.armed === false);
      return result;
    });
  }

  async takeOff(heightM: number): Promise<CommandResult> {
    if (!within(heightM, 1, 500)) return refused("input", `take-off height ${heightM} m must be 1 to 500`);
    return this.#context.lead("takeOff", ["takeoff", "guided"], async (rpc) => {
      const { armed, landed } = this.#context.state;
      if (!armed) return refused("state", "not armed");
      if (landed !== undefined && landed !== "ground") return refused("state", "already in the air");
      const height = resultOf((await rpc.call("action.SetTakeoffAltitude", { altitude: heightM })).action_result);
      if (!height.ok) return height;
      return resultOf((await rpc.call("action.Takeoff", {})).action_result);
    });
  }

  async goTo(target: GeoPoint & { absAltM: number; yawDeg?: number }): Promise<CommandResult> {
    const fault = faultOfPlace(target) ?? (Number.isFinite(target.absAltM) ? undefined : "absAltM must be a number");
    if (fault !== undefined) return refused("input", fault);
    return this.#context.lead("goTo", ["hold", "guided"], async (rpc) => {
      const { inAir } = this.#context.state;
      if (inAir === false) return refused("state", "not in the air");
      const startedMs = performance.now();
      const request = {
        latitude_deg: target.lat,
        longitude_deg: target.lon,
        absolute_altitude_m: target.absAltM,
        yaw_deg: target.yawDeg ?? Number.NaN,
      };
      const result = resultOf((await rpc.call("action.GotoLocation", request)).action_result);
      if (result.ok || result.why !== "denied") return result;
      return { ...result, detail: (await this.#context.said(startedMs)) || result.detail };
    });
  }

  async setSpeed(speedMS: number): Promise<CommandResult> {
    if (!within(speedMS, 0.5, 40)) return refused("input", `speed ${speedMS} m/s must be 0.5 to 40`);
    return this.#context.run("setSpeed", async (rpc) =>
      resultOf((await rpc.call("action.SetCurrentSpeed", { speed_m_s: speedMS })).action_result),
    );
  }

  async hold(): Promise<CommandResult> {
    const { position } = this.#context.state;
    // ArduPilot's Loiter needs a throttle stick in the middle: without a transmitter it would sink. Guided at its own place holds.
    if (this.#context.ardupilot && position !== undefined) return this.goTo(position);
    return this.#context.lead("hold", ["hold"], async (rpc) =>
      resultOf((await rpc.call("action.Hold", {})).action_result),
    );
  }

  async returnToLaunch(): Promise<CommandResult> {
    return this.#context.lead("returnToLaunch", ["return"], async (rpc) =>
      resultOf((await rpc.call("action.ReturnToLaunch", {})).action_result),
    );
  }

  async land(): Promise<CommandResult> {
    return this.#context.lead("land", ["land"], async (rpc) =>
      resultOf((await rpc.call("action.Land", {})).action_result),
    );
  }

  async orbit(orbit: Orbit): Promise<CommandResult<{ how: "native" | "mission" }>> {
    const fault =
      faultOfPlace(orbit) ??
      (Number.isFinite(orbit.absAltM) ? undefined : "absAltM must be a number") ??
      (within(orbit.radiusM, 5, 1000) ? undefined : `radius ${orbit.radiusM} m must be 5 to 1000`) ??
      (within(orbit.speedMS, 0.5, 20) ? undefined : `speed ${orbit.speedMS} m/s must be 0.5 to 20`);
    if (fault !== undefined) return refused("input", fault);
    if (this.#context.state.inAir === false) return refused("state", "not in the air");
    if (!this.#context.ardupilot) {
      const native = await this.#context.lead("orbit", ["orbit"], async (rpc) =>
        resultOf(
          (
            await rpc.call("action.DoOrbit", {
              radius_m: orbit.clockwise === false ? -orbit.radiusM : orbit.radiusM,
              velocity_ms: orbit.speedMS,
              yaw_behavior: "ORBIT_YAW_BEHAVIOR_HOLD_FRONT_TO_CIRCLE_CENTER",
              latitude_deg: orbit.lat,
              longitude_deg: orbit.lon,
              absolute_altitude_m: orbit.absAltM,
            })
          ).action_result,
        ),
      );
      if (native.ok) return { ok: true, how: "native" };
      if (native.why !== "unsupported") return native;
    }
    const { position, home } = this.#context.state;
    if (position === undefined) return refused("state", "the vehicle's position is not known");
    const homeAltM = position.absAltM - position.relAltM;
    const items = orbitItems(orbit, position, orbit.absAltM - homeAltM, { ardupilot: this.#context.ardupilot, home });
    const uploaded = await this.#missions.uploadRaw("orbit", items);
    if (!uploaded.ok) return uploaded;
    const started = await this.#missions.start();
    return started.ok ? { ok: true, how: "mission" } : started;
  }

  async cutMotors(): Promise<CommandResult> {
    return this.#context.run("cutMotors", async (rpc) => resultOf((await rpc.call("action.Kill", {})).action_result));
  }
}
