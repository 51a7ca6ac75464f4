/** A robot: what it does, how sure it is of its place, what stops it, what it may be told. */
import type { KnownRobot } from "../state/field-age.ts";
import { robotAgeS, robotIsOld } from "../state/field-age.ts";
import { gatewayNowMs, me, nearWords } from "../state/store.ts";
import { age, within } from "../words.ts";
import { gnssWords, robotPhases, sensorWords } from "./field-words.ts";
import { fieldSaid, orderRobot } from "./orders.ts";
import { lookAtRobot } from "./robot-focus.ts";

const may = () => me.value.roles.some((role) => role === "dispatch" || role === "pilot" || role === "technician");

function Stop({ robot }: { robot: KnownRobot }) {
  const stop = robot.state?.emergencyStop;
  if (stop === undefined || (!stop.latched && stop.link === "up")) return null;
  if (!stop.latched)
    return (
      <p class="warning">
        <b>Its controller is {stop.link === "lost" ? "not heard" : "absent"}.</b> The emergency stop cannot be read.
      </p>
    );
  return (
    <div class="estop" role="alert">
      <strong>EMERGENCY STOP</strong>
      <p>
        {stop.pressed ? "The button is pressed now." : "The button was released; the stop is latched."} Nothing moves it
        until a person resets it at the robot.
      </p>
    </div>
  );
}

function Orders({ robot }: { robot: KnownRobot }) {
  const { state } = robot;
  if (state === undefined) return null;
  const { phase } = state;
  const latched = state.emergencyStop.latched;
  const stands = phase === "holding" || phase === "stopped" || phase === "emergencyStop";
  const why = may()
    ? latched
      ? "its emergency stop is latched: reset it at the robot first"
      : undefined
    : "needs the role dispatch, pilot or technician";
  return (
    <div class="robot-orders">
      <button
        type="button"
        class="act"
        disabled={!may() || phase === "holding"}
        onClick={() => void orderRobot(robot, "hold", "Stand still")}
      >
        Pause
      </button>
      <button
        type="button"
        class="act"
        disabled={!may() || !stands || latched}
        title={stands ? why : "it goes already"}
        onClick={() => void orderRobot(robot, "resume", "Go on")}
      >
        Go on with patrol
      </button>
      {(phase === "called" || phase === "onScene") && (
        <button
          type="button"
          class="act"
          disabled={!may()}
          onClick={() => void orderRobot(robot, "leave", "Leave the scene")}
        >
          Leave the scene
        </button>
      )}
      {why !== undefined && stands && <p class="hint">Go on: {why}.</p>}
    </div>
  );
}

export function RobotCard({ robot }: { robot: KnownRobot }) {
  const { state, pose, tracks } = robot;
  const nowMs = gatewayNowMs.value;
  const old = robotIsOld(robot, nowMs);
  const seen = robotAgeS(robot, nowMs);
  const said = fieldSaid.value?.of === robot.robot ? fieldSaid.value : undefined;
  const faulty = Object.entries(state?.sensors ?? {}).filter(([, { ok }]) => !ok);
  return (
    <article class={`robot${old ? " is-old" : ""}`} aria-label={`Robot ${robot.robot}`}>
      <p class="drone-phase">
        <span class="robot-name">{robot.robot}</span>
        <strong>{state === undefined ? "Has not said how it is" : robotPhases[state.phase]}</strong>
      </p>
      <Stop robot={robot} />
      {old && (
        <p class="warning">
          <b>{seen > 1e5 ? "Not heard since this gateway started." : `Last heard ${age(seen)} ago.`}</b> What is shown
          is old; where it is now is not known.
        </p>
      )}
      {state !== undefined && state.why !== "" && <p class="drone-why">{state.why}</p>}
      <dl class="drone-facts robot-facts">
        {pose && (
          <div>
            <dt>Place</dt>
            <dd>
              <b>{within(pose.ellipse95)}</b>
              <span class="faint">{nearWords(pose, true)}</span>
            </dd>
          </div>
        )}
        {pose && (
          <div class={pose.gnss.state === "used" ? "" : "is-warn"}>
            <dt>How</dt>
            <dd>{gnssWords(pose.gnss.state, pose.gnss.ageS)}</dd>
          </div>
        )}
        {pose && (
          <div>
            <dt>Goes</dt>
            <dd>
              {Math.abs(pose.speedMps) < 0.05 ? "stands" : `${pose.speedMps.toFixed(1)} m/s`}, heading{" "}
              {Math.round(pose.headingDeg)}° ± {Math.ceil(pose.headingSigmaDeg * 1.96)}°
            </dd>
          </div>
        )}
        {state?.patrol && (
          <div>
            <dt>Patrol</dt>
            <dd>
              {state.patrol.route}, point {state.patrol.next} of {state.patrol.of}, lap {state.patrol.laps + 1}
            </dd>
          </div>
        )}
        {state?.call && (
          <div>
            <dt>Call</dt>
            <dd>{state.call.leftM < 1 ? "there" : `${Math.ceil(state.call.leftM)} m to go`}</dd>
          </div>
        )}
        {tracks && !old && (
          <div>
            <dt>Sees</dt>
            <dd>{tracksWords(tracks.tracks)}</dd>
          </div>
        )}
        {state?.drive.limits.map(({ limit, why }) => (
          <div key={limit} class="is-warn">
            <dt>Held back</dt>
            <dd>{why}</dd>
          </div>
        ))}
        {faulty.map(([sensor, { why }]) => (
          <div key={sensor} class="is-warn">
            <dt>Sensor</dt>
            <dd>
              {sensorWords(sensor)}: {why ?? "gives nothing"}
            </dd>
          </div>
        ))}
        {state?.rulesOff.map(({ rule, why }) => (
          <div key={rule}>
            <dt>Not watched for</dt>
            <dd>
              {rule} <span class="faint">{why}</span>
            </dd>
          </div>
        ))}
      </dl>
      <Orders robot={robot} />
      <p class={`said${said?.failed ? " has-failed" : ""}`} role="status">
        {said?.text}
      </p>
      {pose && (
        <button type="button" class="quiet drone-look" onClick={() => lookAtRobot(robot)}>
          Show {robot.robot} on the map
        </button>
      )}
    </article>
  );
}

function tracksWords(tracks: readonly { kind: "person" | "vehicle" | "sound" }[]): string {
  const count = (kind: string) => tracks.filter((track) => track.kind === kind).length;
  const parts = [
    [count("person"), "person", "people"],
    [count("vehicle"), "vehicle", "vehicles"],
    [count("sound"), "sound", "sounds"],
  ] as const;
  const words = parts.filter(([n]) => n > 0).map(([n, one, many]) => `${n} ${n === 1 ? one : many}`);
  return words.length === 0 ? "nobody" : words.join(", ");
}
