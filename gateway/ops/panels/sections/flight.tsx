/** The drone of an incident: where it stands, who has control, what it may be told; where none is out, those that could go. */
import type { FlightState } from "#contract/flight.ts";
import { checkWords } from "#core/handoff/phase-words.ts";
import {
  doorWords,
  etaWords,
  gnssWords,
  hasControl,
  needsPerson,
  phaseWords,
  seconds,
  whole,
} from "../../flight-words.ts";
import { focusOnDrone } from "../../map/focus.ts";
import { ageS, airborne, type Drone, isOld, isOut, OLD_AFTER_S, refusals } from "../../state/drones.ts";
import { streams } from "../../state/field.ts";
import { drone as chosen, chosenDrone, drones, dronesFault, outHere } from "../../state/flight.ts";
import { gatewayNowMs, local, me, selectedId } from "../../state/store.ts";
import { age, shortName } from "../../words.ts";
import { lazy } from "../lazy.tsx";
import { FlightOrders } from "./flight-orders.tsx";
import type { Section, SectionProps } from "./section.ts";

const Beside = lazy<{ node: string; incident: string }>(
  "drone's picture",
  async () => (await import("../../live/live.tsx")).Beside,
);

/** Battery below which the figure is marked; the drone's own reserve decides when it comes home. */
const LOW = 0.3;

function Battery({ vehicle }: FlightState) {
  const { batteryRemaining: left, enduranceS } = vehicle;
  if (left === undefined) return <dd>not said</dd>;
  return (
    <dd>
      <svg
        class={`battery${left < LOW ? " is-low" : ""}`}
        viewBox="0 0 72 12"
        width="72"
        height="12"
        aria-hidden="true"
      >
        <rect x="0.5" y="0.5" width="67" height="11" rx="2.5" />
        <rect x="69" y="3.5" width="2" height="5" />
        <rect class="battery-left" x="2" y="2" width={64 * left} height="8" rx="1.5" />
      </svg>
      <b>{Math.floor(left * 100)} %</b>
      {enduranceS !== undefined && (
        <span class="faint">{seconds(Math.floor(enduranceS / 60) * 60).replace(" 00 s", "")} to the reserve</span>
      )}
    </dd>
  );
}

/** Name and value; `warn` marks what is out of order by word and colour. */
function factsOf(drone: Drone, nowMs: number): { name: string; value: string; warn?: boolean }[] {
  const { vehicle, dock, plan, camera, phase } = drone.state!;
  const facts: { name: string; value: string; warn?: boolean }[] = [];
  const seen = ageS(drone, nowMs);
  facts.push({
    name: "Link",
    value:
      seen > OLD_AFTER_S
        ? `no word for ${age(seen)}`
        : `${vehicle.connected ? "up" : "vehicle out of reach"}, heard ${seen < 1 ? "just now" : `${age(seen)} ago`}`,
    warn: !vehicle.connected || seen > OLD_AFTER_S,
  });
  facts.push({ name: "Wind", value: vehicle.windMps === undefined ? "not said" : `${vehicle.windMps.toFixed(1)} m/s` });
  if (airborne(phase) && vehicle.heightAboveGroundM !== undefined) {
    const lane = plan === undefined ? "" : `, lane ${whole(plan.laneHeightM, "m")}`;
    facts.push({ name: "Height", value: `${whole(vehicle.heightAboveGroundM, "m")}${lane}` });
  }
  if (airborne(phase) && vehicle.groundSpeedMps !== undefined)
    facts.push({ name: "Speed", value: whole(vehicle.groundSpeedMps, "m/s") });
  if (!airborne(phase) && isOut(drone) && plan?.etaSceneS !== undefined)
    facts.push({ name: "Flight", value: `${seconds(plan.etaSceneS)} to the scene` });
  facts.push({ name: "Door", value: doorWords(dock.door), warn: dock.door === "jammed" || dock.door === "unknown" });
  if (vehicle.gnssFix !== undefined) facts.push({ name: "Position", ...gnssWords(vehicle.gnssFix) });
  if (airborne(phase) && camera !== undefined)
    facts.push({ name: "Camera", value: camera.pointing === "level" ? "level, for privacy" : "on the place" });
  if (phase === "onScene" && plan?.pattern !== undefined)
    facts.push({
      name: "Pattern",
      value: plan.pattern === "orbit" ? "orbit" : "search",
    });
  if (vehicle.rcAvailable !== undefined)
    facts.push({ name: "Transmitter", value: vehicle.rcAvailable ? "heard" : "not heard" });
  if (dock.tampered) facts.push({ name: "Dock", value: "was tampered with", warn: true });
  if (dock.stopPressed) facts.push({ name: "Dock", value: "stop button pressed", warn: true });
  return facts;
}

function Control({ drone }: { drone: Drone }) {
  const { control, controlHeardMs } = drone;
  if (control === undefined) return <p class="control">Who has control is not known yet.</p>;
  const { holder, why, asks, safety } = control;
  const mine = holder.kind === "remote" && holder.by === me.value.user;
  const oldS = (gatewayNowMs.value - controlHeardMs) / 1000;
  return (
    <div class={`control is-${mine ? "mine" : holder.kind}`}>
      <p>
        <strong>{hasControl(holder, me.value.user)}</strong>
        <span class="faint"> · {why}</span>
        {oldS > OLD_AFTER_S && Number.isFinite(oldS) && <span class="faint"> · as of {age(oldS)} ago</span>}
      </p>
      {mine && <p class="faint">This page keeps it for you while it is open and in view.</p>}
      {asks.map(({ by }) => (
        <p key={by}>
          <b>{by === me.value.user ? "You" : by}</b> asked for it.
        </p>
      ))}
      {safety && (
        <p>
          <b>{safety.level === "land" ? "landing" : safety.level}</b> called by {safety.by}; it binds until the drone
          has landed or a stronger one is called.
        </p>
      )}
    </div>
  );
}

function Preflight({ state }: { state: FlightState }) {
  const all = state.preflight;
  if (all === undefined || all.length === 0) return null;
  const failed = all.filter(({ ok }) => !ok);
  const list = (some: typeof all) => (
    <ul class="checks">
      {some.map(({ check, ok, detail }) => (
        <li key={check} class={ok ? "is-ok" : "is-bad"}>
          <span class="check-mark" aria-hidden="true">
            {ok ? "✓" : "✕"}
          </span>
          <b>{checkWords(check)}</b>
          <span>
            <span class="unseen">{ok ? "passed: " : "failed: "}</span>
            {detail}
          </span>
        </li>
      ))}
    </ul>
  );
  return (
    <>
      {failed.length > 0 && list(failed)}
      <details>
        <summary>
          Preflight:{" "}
          {failed.length === 0
            ? `all ${all.length} checks passed`
            : `${all.length - failed.length} of ${all.length} passed`}
        </summary>
        {list(failed.length === 0 ? all : all.filter(({ ok }) => ok))}
      </details>
    </>
  );
}

function Card({ drone }: { drone: Drone }) {
  const state = drone.state!;
  const seen = ageS(drone, gatewayNowMs.value);
  const old = isOld(drone, gatewayNowMs.value);
  const eta = etaWords(state, seen, old);
  const by = state.authorisation;
  return (
    <div class={`drone${old ? " is-old" : ""}`}>
      <p class={`drone-phase${needsPerson(state.phase) ? " is-urgent" : ""}`}>
        <span class="drone-name">{drone.id}</span>
        <strong>{phaseWords(state.phase)}</strong>
        {eta !== undefined && <b class="drone-eta">{eta}</b>}
      </p>
      {old && (
        <p class="warning">
          <b>{Number.isFinite(seen) ? `Last heard ${age(seen)} ago.` : "Never heard by this gateway."}</b> What is shown
          is old; where it is now is not known.
        </p>
      )}
      <span class="unseen" role="status">
        {old ? `${drone.id} is silent. What is shown is old.` : ""}
      </span>
      {state.why && state.phase !== "piloted" && state.why !== drone.control?.why && (
        <p class="drone-why">{sentenceCase(state.why)}</p>
      )}
      <Control drone={drone} />
      {state.traffic?.map(({ icao, distanceM, aboveM }) => (
        <p key={icao} class="warning">
          <b>Aircraft {icao}</b> {whole(distanceM, "m")} away, {whole(Math.abs(aboveM), "m")}{" "}
          {aboveM < 0 ? "below" : "above"}: the drone gives way.
        </p>
      ))}
      <dl class="drone-facts">
        <div>
          <dt>Battery</dt>
          <Battery {...state} />
        </div>
        {factsOf(drone, gatewayNowMs.value).map(({ name, value, warn }) => (
          <div key={`${name}${value}`} class={warn ? "is-warn" : ""}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {state.incident !== undefined && streamOfDrone(drone.id) && <Beside node={drone.id} incident={state.incident} />}
      <FlightOrders />
      {by && (
        <p class="hint">
          Authorised by {by.how === "policy" ? `the site's policy (${by.by})` : by.by} at {local.value.clock(by.at)}:{" "}
          {by.why}
        </p>
      )}
      <Preflight state={state} />
      <button type="button" class="quiet drone-look" onClick={() => focusOnDrone(drone)}>
        Show {drone.id} on the map
      </button>
    </div>
  );
}

const streamOfDrone = (id: string) => [...streams.value.values()].some(({ node }) => node === id);

const sentenceCase = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

/** What each drone of the site does, for who thinks of sending one. */
function Fleet() {
  return (
    <ul class="fleet">
      {[...drones.value.values()].map((one) => {
        const { id, state } = one;
        const old = isOld(one, gatewayNowMs.value);
        const seen = ageS(one, gatewayNowMs.value);
        const elsewhere = state?.incident !== undefined && isOut(one) && state.incident !== selectedId.value;
        const usable = state?.available === true && !old;
        return (
          <li key={id} class={usable ? "is-ready" : ""}>
            <b>{id}</b>
            <span>
              {usable ? "Ready" : state === undefined ? "Says nothing of itself" : phaseWords(state.phase)}
              {elsewhere && ` for incident ${shortName(state.incident!)}`}
              {old && `, ${Number.isFinite(seen) ? `last heard ${age(seen)} ago` : "never heard"}`}
              {!usable && !old && !elsewhere && state?.unavailableWhy !== undefined && `: ${state.unavailableWhy}`}
            </span>
            {state?.vehicle.batteryRemaining !== undefined && (
              <span>{Math.floor(state.vehicle.batteryRemaining * 100)} %</span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Flight({ incident }: SectionProps) {
  const out = outHere.value;
  const shown = chosen.value;
  if (shown === undefined) {
    const refused = refusals(drones.value, incident.incident);
    return (
      <>
        {refused.map(({ id, state }) => (
          <div key={id} class="refusal">
            <p class="warning">
              <b>{id} did not fly.</b> {sentenceCase(state!.why ?? "")}
            </p>
            <Preflight state={state!} />
          </div>
        ))}
        <p class="hint">No drone is out for this incident.</p>
        <Fleet />
        <FlightOrders />
        {dronesFault.value !== undefined && (
          <p class="warning">The drones could not be fetched: {dronesFault.value}.</p>
        )}
      </>
    );
  }
  return (
    <>
      {out.length > 1 && (
        <fieldset class="segments" aria-label="Drones at this incident">
          {out.map(({ id }) => (
            <button key={id} type="button" aria-pressed={id === shown.id} onClick={() => (chosenDrone.value = id)}>
              {id}
            </button>
          ))}
        </fieldset>
      )}
      <Card drone={shown} />
    </>
  );
}

export const flight: Section = {
  id: "flight",
  title: "Drone",
  key: "f",
  shows: () => drones.value.size > 0 || dronesFault.value !== undefined,
  view: Flight,
};
