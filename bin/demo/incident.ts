/** One incident of the demo, from the fired burst to its end: place, alert, pictures, flight, patrol; told as it goes and judged at the end. */
import type { IncidentState } from "#contract/incident.ts";
import type { IncidentDetail } from "#contract/ops-api.ts";
import { utcOfNs } from "#contract/units.ts";
import { say } from "../command.ts";
import { demoScenario } from "./demo-city.ts";
import { followFlight, judgeFlight } from "./drone.ts";
import { isFalse, isOf, judge, type Summary, type TrueShot } from "./judge.ts";
import { followRobot } from "./robot.ts";
import type { Stage } from "./stage.ts";
import { summaryWords } from "./summary-words.ts";
import { droneStream, lampStream, lookAt, recorded, robotStream } from "./video.ts";

export type Tell = (line: Record<string, unknown>, words: string) => void;

/** Fires a burst among distractors and watches what becomes of it. Undefined when the demo was stopped meanwhile. */
export async function incident(
  stage: Stage,
  seed: number,
  round: number,
  told: Tell,
  signal: AbortSignal,
): Promise<Summary | undefined> {
  const { ops, world } = stage;
  const before = new Set(ops.incidents.keys());
  const fired = await world.fire(demoScenario(stage.city, `${seed}/${round}`));
  const shots = fired.shots.map(({ lat, lon, utcNs }) => ({ lat, lon, utcNs }));
  const happenings = [
    ...fired.shots.map(({ utcNs, weapon, lat, lon }) => ({ utcNs, what: `a shot (${weapon})`, lat, lon })),
    ...fired.distractors.map(({ utcNs, kind, lat, lon }) => ({ utcNs, what: `a ${kind}`, lat, lon })),
  ].sort((a, b) => Number(a.utcNs - b.utcNs));
  for (const { utcNs, what, lat, lon } of happenings) {
    const at = utcOfNs(utcNs);
    told(
      { type: "truth", at, what, lat, lon },
      `${clock(at)}  the city: ${what} at ${lat.toFixed(5)}, ${lon.toFixed(5)}`,
    );
  }
  const fresh = () => [...ops.incidents.values()].filter((each) => !before.has(each.incident));
  const eyes: { droneFirstFrameMs: number | null } = { droneFirstFrameMs: null };
  const flight = stage.drone && followed(stage, fired.shots, fresh, eyes);
  await Promise.race([fired.over, once(signal)]);
  if (signal.aborted) return undefined;
  const found = await complete(stage, shots, fresh);
  const { video } = stage;
  const firstFrameMs = video && found ? await lookAt(ops, lampStream(video), found.incident, PICTURE_LIMIT_MS) : null;
  if (flight && found) say("demo: the drone is on its way; a pilot takes it on scene and gives it back ...");
  const flightFault = await flight;
  const kept = video && found && (await recorded(ops, found.incident, PICTURE_LIMIT_MS));
  const detail = found && (await ops.detail(found.incident));
  if (found) await tellTimeline(stage, found.incident, told);
  const heard = fresh();
  for (const each of heard) if (isFalse(each, found?.incident)) await tellTimeline(stage, each.incident, told);
  const summary = judge(seed, shots, heard, detail, true);
  if (stage.drone && detail) {
    summary.drone = judgeFlight(detail.timeline, detail.incident.alertedAt, stage.drone);
    if (flightFault) summary.faults.push(flightFault);
    demandAll(summary, "drone", summary.drone);
  }
  if (kept) {
    summary.video = { firstFrameMs, ...(stage.drone && eyes), ...kept };
    if (firstFrameMs === null) summary.faults.push("video: no picture of the lamppost's camera");
    if (stage.drone && !flightFault && eyes.droneFirstFrameMs === null)
      summary.faults.push("video: no picture of the drone's camera");
    if (kept.recordedSegments === 0) summary.faults.push("video: nothing was recorded");
    demandAll(summary, "video", kept);
  }
  if (round === 0 && stage.robot && !signal.aborted) {
    say("demo: the robot comes out: a patrol, somebody who falls, a call for backup ...");
    const {
      fault,
      incident: opened,
      ...robot
    } = await followRobot(ops, await stage.patrol(), stage.city, ROBOT_LIMIT_MS);
    summary.robot = robot;
    if (fault) summary.faults.push(`robot: ${fault}`);
    demandAll(summary, "robot", robot);
    if (opened && summary.video) {
      summary.video.robotFirstFrameMs = await lookAt(ops, robotStream, opened, PICTURE_LIMIT_MS);
      if (summary.video.robotFirstFrameMs === null) summary.faults.push("video: no picture of the robot's camera");
    }
    if (opened) await tellTimeline(stage, opened, told);
  }
  summary.ok = summary.faults.length === 0;
  told({ ...summary }, summaryWords(summary));
  return summary;
}

const FLIGHT_LIMIT_MS = 180_000;
const PICTURE_LIMIT_MS = 20_000;
/** It stays over the scene for twenty seconds. */
const DRONE_PICTURE_LIMIT_MS = 10_000;
/** Its chip is emulated in real time: on a loaded machine it stands still at times. */
const ROBOT_LIMIT_MS = 240_000;

function demandAll(summary: Summary, part: string, facts: object): void {
  for (const [fact, is] of Object.entries(facts)) if (is === false) summary.faults.push(`${part}: not ${fact}`);
}

async function tellTimeline({ ops }: Stage, incident: string, told: Tell): Promise<void> {
  for (const { seq, at, kind, by, text, hash } of (await ops.detail(incident)).timeline)
    told(
      { type: "timeline", incident, seq, at, kind, by, text, hash },
      `${clock(at)}  ${kind.padEnd(12)} ${by.padEnd(9)} ${text}`,
    );
}

/** Follows the flight to this burst's incident; resolves to what went wrong, if anything did. */
async function followed(
  { ops, drone, video }: Stage,
  shots: readonly TrueShot[],
  fresh: () => IncidentState[],
  eyes: { droneFirstFrameMs: number | null },
): Promise<string | undefined> {
  try {
    const { incident } = await ops.until("an incident for the drone", 60_000, () =>
      fresh().find((each) => isOf(each, shots)),
    );
    await followFlight(ops, drone!, incident, FLIGHT_LIMIT_MS, async () => {
      if (video) eyes.droneFirstFrameMs = await lookAt(ops, droneStream, incident, DRONE_PICTURE_LIMIT_MS);
    });
    return undefined;
  } catch (error) {
    return `drone: ${(error as Error).message}`;
  }
}

/** Waits until the record has all that it should, or until nothing more can be expected. */
async function complete(
  stage: Stage,
  shots: readonly TrueShot[],
  fresh: () => IncidentState[],
): Promise<IncidentState | undefined> {
  const look = () => fresh().find((each) => isOf(each, shots));
  const end = Date.now() + 15_000;
  for (;;) {
    const found = look();
    const detail: IncidentDetail | undefined = found && (await stage.ops.detail(found.incident));
    const whole =
      detail !== undefined &&
      detail.incident.rounds.length >= shots.length &&
      detail.timeline.some(({ kind }) => kind === "notice") &&
      detail.clips.length > 0;
    if (whole || Date.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

const clock = (utc: string) => utc.slice(11, 23);

function once(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
