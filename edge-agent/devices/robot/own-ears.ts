/**
 * The ears of a robot: what its role `listen` hears, for its role `patrol`, and on the bus with the place where the robot stood. Its
 * microphones' places are given in its own axes: `northM` forward, `eastM` to the right; so a bearing is one from the nose until it is turned.
 */
import type { Channel, MessageOf } from "#contract/channel.ts";
import { type RobotPose, robotPose } from "#contract/robot.ts";
import { type ShotHeard, shotHeard } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import type { Observation, ObservationLook, Perception } from "../../perception-port.ts";
import type { Bus } from "../../ports.ts";

/** A pose older than this says nothing of where a sound was heard. */
const POSE_HOLDS_S = 2;
/** Sounds carry so far at most. */
const HEARS_M = 400;
/** Without an array, or with a line of microphones that tells no side, the direction is anywhere. */
const NO_BEARING = { azimuthDeg: 0, sigmaDeg: 180 };

/** An impulse and what a classifier made of it, its bearing from the nose. */
type Impulse = Pick<ShotHeard, "toa" | "scores" | "bearingDeg" | "bearingSigmaDeg">;

export class OwnEars implements Perception {
  readonly sensor = "ears";
  readonly available = ["sound:gunshot", "sound:glass-break"];
  readonly unavailable = [];
  readonly counters = { heard: 0, withoutPlace: 0 };
  readonly #listeners = new Set<(look: ObservationLook) => void>();
  #pose: { pose: RobotPose; atMs: number } | undefined;

  onLook(listener: (look: ObservationLook) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** For `listen`: an arrival leaves with the robot's place and true bearing, or not at all. */
  listens(bus: Bus): Bus {
    return through(bus, async (channel, message, options) => {
      if (channel.name !== shotHeard.name) return bus.publish(channel, message, options);
      const placed = this.#heard(message as unknown as ShotHeard);
      if (placed) await bus.publish(shotHeard, placed, options);
    });
  }

  /** For `patrol`: remembers where it says it is. */
  walks(bus: Bus): Bus {
    return through(bus, (channel, message, options) => {
      if (channel.name === robotPose.name)
        this.#pose = { pose: message as unknown as RobotPose, atMs: performance.now() };
      return bus.publish(channel, message, options);
    });
  }

  #heard(arrival: ShotHeard): ShotHeard | undefined {
    this.counters.heard += 1;
    const known = this.#pose;
    if (!known || performance.now() - known.atMs > POSE_HOLDS_S * 1000) {
      this.counters.withoutPlace += 1;
      return undefined;
    }
    const { lat, lon, ellipse95, headingDeg, headingSigmaDeg, speedMps } = known.pose;
    // One sigma an axis, and what it drove since it said so.
    const posSigmaM = Math.hypot(ellipse95.semiMajorM / 2.4477, Math.abs(speedMps) * POSE_HOLDS_S);
    const { bearingDeg, bearingsDeg, bearingSigmaDeg } = arrival;
    const turned = (deg: number) => (deg + headingDeg) % 360;
    return {
      ...arrival,
      lat,
      lon,
      posSigmaM,
      ...(bearingDeg !== undefined && { bearingDeg: turned(bearingDeg) }),
      ...(bearingsDeg && { bearingsDeg: [turned(bearingsDeg[0]), turned(bearingsDeg[1])] }),
      ...((bearingDeg !== undefined || bearingsDeg) && {
        bearingSigmaDeg: Math.hypot(bearingSigmaDeg ?? 5, headingSigmaDeg),
      }),
    };
  }

  /** For `listen`: what an impulse was, whether the network is told of it or not. Breaking glass is hardly ever above the threshold of a gunshot. */
  hears({ toa, scores, bearingDeg, bearingSigmaDeg }: Impulse): void {
    const at = nsOfUtc(toa);
    const direction =
      bearingDeg === undefined
        ? NO_BEARING
        : { azimuthDeg: bearingDeg > 180 ? bearingDeg - 360 : bearingDeg, sigmaDeg: bearingSigmaDeg ?? 5 };
    const marks = { gunshot: scores.gunshot, "glass-break": scores.glass };
    const observation: Observation = {
      at,
      kind: "sound",
      ...direction,
      score: Math.max(...Object.values(marks)),
      marks,
    };
    const look: ObservationLook = {
      at,
      sensor: this.sensor,
      view: { widthDeg: 360, maxRangeM: HEARS_M },
      sees: ["sound"],
      observations: [observation],
    };
    for (const listener of this.#listeners) listener(look);
  }
}

function through(
  bus: Bus,
  publish: <C extends Channel>(channel: C, message: MessageOf<C>, options?: { to?: string }) => Promise<void>,
): Bus {
  return {
    publish,
    subscribe: (channel, handler, options) => bus.subscribe(channel, handler, options),
    get connected() {
      return bus.connected;
    },
    onLink: (listener) => bus.onLink(listener),
    counters: bus.counters,
    close: () => bus.close(),
  };
}
