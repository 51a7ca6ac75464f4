/**
 * A patrol robot: knows where it is and how well, sees who is there, goes its rounds behind its safety layer, and calls people. It reports
 * and does nothing else to anyone.
 */
import { ulid } from "ulid";
import { type RobotState, robotEvent, robotPose, robotState, robotTrack } from "#contract/robot.ts";
import { utcOfNs } from "#contract/units.ts";
import { frameAt } from "#core/localise/geo.ts";
import type { DutyPolicy } from "#core/patrol/duty.ts";
import type { Point } from "#core/patrol/plane.ts";
import type { ObservationLook, Perception } from "../perception-port.ts";
import type { RoleContext, Running } from "../ports.ts";
import type { RobotBody } from "../robot-port.ts";
import type { PatrolConfig } from "./patrol/config.ts";
import { Driver } from "./patrol/driver.ts";
import { Orders } from "./patrol/orders.ts";
import { Sightings } from "./patrol/sightings.ts";
import { Whereabouts } from "./patrol/whereabouts.ts";

const TICK_MS = 50;
const STATE_EVERY_MS = 1000;
/** Changes come in flocks. */
const STATE_APART_MS = 100;
const MARGIN_M = 1;
/** A sensor that was silent for so long is said to be. */
const SENSOR_SILENT_S = 2;
const FIX_SILENT_S = 5;

export interface PatrolContext extends RoleContext<PatrolConfig> {
  body: RobotBody;
  /** Whatever detects people and names sounds; none is fine, the rules that need one are off. */
  perceptions: readonly Perception[];
}

export async function startPatrol(context: PatrolContext): Promise<Running> {
  const { config, body, bus, log, node, signal, perceptions } = context;
  const first = config.fence.keepIn[0]!;
  const frame = frameAt({ ...first, altM: context.position?.altM ?? 0 });
  const local = ({ lat, lon }: { lat: number; lon: number }): Point => {
    const { eastM, northM } = frame.toLocal(lat, lon, frame.origin.altM);
    return { eastM, northM };
  };
  const policy: DutyPolicy = {
    cruiseMps: config.cruiseMps,
    reachedM: config.reachedM,
    blockedS: config.blockedS,
    reportFromM: config.reportFromM,
    standOffM: config.standOffM,
    marginM: MARGIN_M,
    area: {
      keepIn: config.fence.keepIn.map(local),
      keepOut: config.fence.keepOut.map(({ name, corners }) => ({ name, corners: corners.map(local) })),
    },
    routes: config.routes.map(({ name, points }) => ({ name, points: points.map(local) })),
  };
  const whereabouts = new Whereabouts(config, frame);
  const sightings = new Sightings(frame, config.rules);
  const detect = () => sightings.detect(perceptions.flatMap(({ available }) => available));
  const heardS = new Map<string, number>();
  const lag = { late: 0, dropped: 0 };
  let stateAtMs = Number.NEGATIVE_INFINITY;
  let stateDue: NodeJS.Timeout | undefined;

  const tickMs = () => performance.now();
  const nowNs = () => context.now()?.utcNs ?? BigInt(Date.now()) * 1_000_000n;
  const nowUtc = () => utcOfNs(nowNs());
  const utcNs = (timeS: number) => body.utcOf(timeS)?.ns ?? nowNs();
  const say = (what: string, said: Promise<void>) =>
    void said.catch((err: unknown) => log.error({ err }, `${what} was not said`));

  const driver = new Driver({
    body,
    whereabouts,
    sightings,
    duty: policy,
    safety: config.safety,
    route: config.route,
    onChange: () => changed(),
    onReport: ({ call, what, text }) => {
      const { people, lying } = sightings.people(whereabouts.estimate?.timeS ?? 0);
      const seen = what === "onScene" ? `; it sees ${people} people${lying > 0 ? `, ${lying} lying` : ""}` : "";
      orders.reply(call, what, `${text}${seen}`);
    },
  });
  const orders = new Orders({
    node,
    bus,
    log,
    frame,
    nowUtc,
    tickMs,
    from: () => {
      const at = whereabouts.estimate?.map.xyzM;
      return at && { eastM: at[0], northM: at[1] };
    },
    apply: (event) => driver.apply(event),
    changed: () => changed(),
  });

  function sensors(): RobotState["sensors"] {
    const nowS = body.nowS();
    const told: RobotState["sensors"] = {};
    for (const sensor of ["imu", "wheels", "gnss", "range"]) {
      const at = heardS.get(sensor);
      const ageS = at === undefined || nowS === undefined ? undefined : Math.max(0, nowS - at);
      const ok = ageS !== undefined && ageS < (sensor === "gnss" ? FIX_SILENT_S : SENSOR_SILENT_S);
      told[sensor] = { ok, ...(ageS !== undefined && { ageS }), ...(!ok && { why: "nothing heard of it" }) };
    }
    for (const { sensor, unavailable } of perceptions)
      for (const { detector, why } of unavailable) told[`${sensor}.${detector}`] = { ok: false, why };
    return told;
  }

  function sayState(): void {
    clearTimeout(stateDue);
    stateDue = undefined;
    stateAtMs = tickMs();
    const off = sightings.rules?.status().filter(({ on }) => !on) ?? [];
    const state: RobotState = {
      v: 1,
      id: ulid(),
      node,
      at: nowUtc(),
      tickMs: tickMs(),
      ...driver.state(),
      sensors: sensors(),
      rulesOff: off.slice(0, 32).map(({ rule, why = "" }) => ({ rule, why })),
      cruiseMps: config.cruiseMps,
      answers: [...orders.answers],
    };
    say("robot/state", bus.publish(robotState, state));
  }
  function changed(): void {
    if (signal.aborted || stateDue !== undefined) return;
    stateDue = setTimeout(sayState, Math.max(0, STATE_APART_MS - (tickMs() - stateAtMs)));
  }

  function sayPose(): void {
    const timeS = whereabouts.estimate?.timeS;
    const message = timeS === undefined ? undefined : whereabouts.message(node, utcNs(timeS), tickMs());
    if (message) say("robot/pose", bus.publish(robotPose, message));
  }
  let hadTracks = false;
  function sayTracks(): void {
    const pose = whereabouts.estimate;
    if (!pose) return;
    const message = sightings.message(node, pose.timeS, pose, tickMs(), utcNs);
    if (message.tracks.length > 0 || hadTracks) say("robot/track", bus.publish(robotTrack, message));
    hadTracks = message.tracks.length > 0;
  }
  function look(seen: ObservationLook): void {
    const timeS = body.timeOf(seen.at);
    if (timeS === undefined) lag.dropped += 1;
    else sightings.take(seen, timeS, whereabouts.odometryAt(timeS), driver.beams);
  }
  function tick(): void {
    driver.tick();
    const pose = whereabouts.estimate;
    if (!pose) return;
    for (const event of sightings.events(node, pose.timeS, pose, utcNs)) {
      log.info({ rule: event.rule, event: event.event }, event.text);
      say("robot/event", bus.publish(robotEvent, event));
    }
  }

  const offs = [
    body.onMeasure((measure) => {
      if (measure.timeS < (heardS.get(measure.sensor) ?? Number.NEGATIVE_INFINITY)) lag.late += 1;
      else heardS.set(measure.sensor, measure.timeS);
      if (measure.sensor === "range") driver.ranged(measure.timeS, measure.beams);
      else whereabouts.take(measure);
    }),
    ...perceptions.map((perception) => perception.onLook(look)),
  ];
  await orders.listen();
  const timers = [
    setInterval(tick, TICK_MS),
    setInterval(sayPose, config.poseEveryS * 1000),
    setInterval(sayTracks, config.tracksEveryS * 1000),
    setInterval(() => {
      detect();
      context.report({ counters: { ...lag, ...body.counters, ...sightings.counters, ...orders.counters } });
      if (tickMs() - stateAtMs >= STATE_EVERY_MS - TICK_MS) sayState();
    }, STATE_EVERY_MS),
  ];
  detect();
  sayState();
  log.info({ routes: config.routes.map(({ name }) => name) }, "on patrol");

  const done = new Promise<void>((resolve) => {
    const stop = () => {
      for (const timer of timers) clearInterval(timer);
      clearTimeout(stateDue);
      for (const off of offs) off();
      // Said once; the board stops by itself should this be lost.
      body.drive({ speedMps: 0, yawRateRadps: 0 });
      resolve(orders.close());
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  return { done };
}
