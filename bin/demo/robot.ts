/** The demo's robot: real firmware on an emulated chip below a real agent, a street to patrol, somebody who falls, a crew that is called. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BackupState } from "#contract/backup.ts";
import type { RobotView } from "#contract/robot.ts";
import type { City } from "#sim/city.ts";
import { type PatrolWorld, patrolRole } from "#sim/robot/patrol-world.ts";
import type { OpsClient } from "./ops-client.ts";

export { type PatrolWorld, startPatrolWorld } from "#sim/robot/patrol-world.ts";

export const ROBOT = "r1";
export const CREW = "car-1";
/** The event that the robot is to find. */
const RULE = "fallen-person";
const POLL_MS = 250;

/** Credentials that the gateway needs for them, less their secrets. */
export const robotNodes = [
  { id: ROBOT, parties: ["node", "robot"], label: "patrol robot" },
  { id: CREW, parties: ["node", "unit"], label: "patrol car" },
] as const;

export const robotThere = () => spawnSync("avr-gcc", ["--version"]).status === 0;

/** Builds `robot.hex` into `folder`; the reason where it cannot be built: then there is no robot. */
export function buildRobotFirmware(folder: string): { hexPath: string } | { why: string } {
  const hexPath = join(folder, "robot.hex");
  const source = join(import.meta.dirname, "..", "..", "firmware-bridge", "firmware");
  const built = spawnSync("make", ["-s", "-C", source, `OUT=${folder}`, hexPath], { encoding: "utf8" });
  if (built.status === 0 && existsSync(hexPath)) return { hexPath };
  const why = built.error?.message ?? built.stderr.trim().split("\n").at(-1) ?? "";
  return { why: `the robot's firmware needs make, gcc-avr and avr-libc: ${why}` };
}

/** `roles` of the robot's agent. */
export const robotRoles = (world: PatrolWorld): object => ({ patrol: patrolRole(world) });

/** `backup` of the gateway: the robot's find calls the crew by itself. */
export const backupConfig: object = {
  units: [{ name: CREW, label: "Patrol car 1", contact: { kind: "mqtt" } }],
  automaticRules: [RULE],
};

/** Where the crew waits: 800 m from the city's centre. */
export function crewAt(city: City): { lat: number; lon: number } {
  const { lat, lon } = city.plane.geodetic({ eastM: 600, northM: -530, upM: 0 });
  return { lat, lon };
}

export interface RobotSummary {
  /** Reset at the robot and let go by a person, it drove. */
  patrolled: boolean;
  /** Largest distance of its stated place from the true one, and the largest semi-axis that it stated, metres. */
  poseErrorM: number;
  poseBoundM: number;
  /** From the fall to the event, from the event's incident to the crew's yes. */
  fallToEventS: number | null;
  eventToAcknowledgedS: number | null;
  acknowledged: boolean;
  /** Sent by a person to go and report, it said what it saw. */
  reported: boolean;
  /** Pressed, the emergency stop held it over an order to resume. */
  emergencyStopHeld: boolean;
  chainOk: boolean;
}

/** What a reader needs to see why it did nothing. */
function conditionOf(view: RobotView | undefined, { truth }: PatrolWorld["robot"]): string {
  if (!view?.state) return "nothing was heard of the robot";
  const { phase, why, drive, sensors, rulesOff } = view.state;
  const blind = Object.entries(sensors).flatMap(([name, { ok, why }]) => (ok ? [] : [`${name} ${why ?? "out"}`]));
  const off = rulesOff.map(({ rule, why }) => `${rule} off: ${why}`);
  const limits = drive.limits.map(({ limit, why }) => `${limit}: ${why}`);
  const at =
    truth &&
    `at ${truth.eastM.toFixed(1)} m east, ${truth.northM.toFixed(1)} m north, ${truth.speedMps.toFixed(2)} m/s`;
  return [`it is ${phase} (${why})`, ...(at ? [at] : []), ...limits, ...blind, ...off].join("; ");
}

/** One patrol to its end. Never throws: what did not happen stays false, `fault` says what was waited for. */
export async function followRobot(
  ops: OpsClient,
  world: PatrolWorld,
  city: City,
  limitMs: number,
): Promise<RobotSummary & { fault?: string; incident?: string }> {
  const { robot } = world;
  const summary: RobotSummary & { fault?: string; incident?: string } = {
    patrolled: false,
    poseErrorM: 0,
    poseBoundM: 0,
    fallToEventS: null,
    eventToAcknowledgedS: null,
    acknowledged: false,
    reported: false,
    emergencyStopHeld: false,
    chainOk: false,
  };
  const deadline = Date.now() + limitMs;
  let seen: string | undefined;
  let last: RobotView | undefined;
  const view = async (): Promise<RobotView | undefined> => {
    const { robots } = await ops.get<{ robots: RobotView[] }>("/robots");
    const mine = robots.find((each) => each.robot === ROBOT);
    last = mine;
    if (mine?.pose && mine.pose.id !== seen && mine.ageS < 0.5 && robot.truth) {
      seen = mine.pose.id;
      const { eastM, northM } = city.plane.enu({ ...mine.pose, altM: 0 });
      // The truth has moved on since: by at most the age of the picture at the robot's speed.
      const behindM = Math.abs(mine.pose.speedMps) * 1.2;
      const offM = Math.hypot(eastM - robot.truth.eastM, northM - robot.truth.northM);
      summary.poseErrorM = Math.max(summary.poseErrorM, Math.max(0, offM - behindM));
      summary.poseBoundM = Math.max(summary.poseBoundM, mine.pose.ellipse95.semiMajorM);
    }
    return mine;
  };
  async function until<T>(what: string, probe: () => Promise<T | undefined | false>): Promise<T> {
    for (;;) {
      const found = await probe();
      if (found) return found;
      if (Date.now() > deadline) throw new Error(`waited for ${what}; ${conditionOf(last, robot)}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  const phase = (wanted: string) =>
    until(`the robot to be ${wanted}`, async () => (await view())?.state?.phase === wanted);
  const letGo = async () => {
    await phase("holding");
    await until("the robot to take 'resume'", () =>
      ops.post(`/robots/${ROBOT}/resume`, {}).then(
        () => true,
        () => false,
      ),
    );
  };
  const call = async (incident: string): Promise<BackupState | undefined> =>
    (await ops.get<{ calls: BackupState[] }>("/backup")).calls.find((each) => each.incident === incident);
  try {
    await phase("emergencyStop");
    robot.pressReset();
    await letGo();
    await until(
      "the robot to drive",
      async () => (await view())?.state?.phase === "patrolling" && robot.truth!.speedMps > 0.3,
    );
    summary.patrolled = true;

    const before = new Set(ops.incidents.keys());
    const fellMs = Date.now();
    world.fall();
    const found = await until("the robot's event", async () => {
      await view();
      return [...ops.incidents.values()].find(({ kind, incident }) => kind === "event" && !before.has(incident));
    });
    summary.incident = found.incident;
    summary.fallToEventS = (Date.now() - fellMs) / 1000;
    const answered = await until("the crew's yes", async () => {
      const standing = await call(found.incident);
      return standing && (standing.status === "acknowledged" || standing.status === "onScene") ? standing : undefined;
    });
    summary.acknowledged = true;
    const yes = answered.asked.find(({ answeredAt }) => answeredAt)?.answeredAt;
    summary.eventToAcknowledgedS = yes ? (Date.parse(yes) - Date.parse(found.alertedAt)) / 1000 : null;

    await ops.post(`/backup/${answered.call}/robot`, { robot: ROBOT, why: "to have a look" });
    await until("the robot's report", async () =>
      (await call(found.incident))?.asked.find(({ unit, answer }) => unit === ROBOT && answer === "onScene"),
    );
    summary.reported = true;

    robot.pressEmergencyStop(true);
    await phase("emergencyStop");
    robot.pressEmergencyStop(false);
    await until("the robot to stand", async () => robot.truth!.speedMps === 0);
    const refused = await ops.post(`/robots/${ROBOT}/resume`, {}).then(
      () => false,
      () => true,
    );
    summary.emergencyStopHeld = refused && robot.truth!.outputMps.every((mps) => mps === 0);
    robot.pressReset();
    await letGo();
    summary.chainOk = (await ops.detail(found.incident)).chain.ok;
  } catch (error) {
    summary.fault = (error as Error).message;
  }
  return summary;
}
