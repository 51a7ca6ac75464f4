/** From incident to flight: decide, choose, ask, follow up; and when a drone does not go, the next one. */
import { ulid } from "ulid";
import type { Authorisation, FlightState, Hop } from "#contract/flight.ts";
import type { IncidentState } from "#contract/incident.ts";
import { nsOfUtc } from "#contract/units.ts";
import { type Choice, chooseDrone } from "#core/dispatch/choose.ts";
import { ruling } from "#core/dispatch/policy.ts";
import { distanceM } from "#core/handoff/local.ts";
import { nowUtc } from "../now.ts";
import { dispatchItself, type Outcome } from "./drones.ts";
import { type DispatchDeps, noteOrLog, type Pace, type Sortie } from "./sortie.ts";
import { adopted, ended, Sorties } from "./sorties.ts";
import { Once, WaitingIncidents } from "./waiting.ts";

const usual: Pace = { settleMs: 2500, retryMs: 2000 };
/** A better fix nearer than this changes nothing worth a new plan. */
const retargetM = 8;

export class Dispatcher {
  readonly counters = { asked: 0, noDrone: 0, byPolicy: 0, byPerson: 0 };
  readonly #deps: DispatchDeps;
  readonly #sorties = new Sorties();
  /** Incident -> drones that were asked and did not go. */
  readonly #tried = new Map<string, string[]>();
  readonly #waiting = new WaitingIncidents();
  readonly #once = new Once();
  readonly #startedMs = performance.now();
  readonly #settleMs: number;
  readonly #timer: NodeJS.Timeout;

  constructor(deps: DispatchDeps, signal: AbortSignal, { settleMs, retryMs }: Pace = usual) {
    this.#deps = { ...deps, note: noteOrLog(deps) };
    this.#settleMs = settleMs;
    deps.drones.onState((state) => this.#heard(state));
    this.#timer = setInterval(() => this.#again(), retryMs);
    signal.addEventListener("abort", () => clearInterval(this.#timer), { once: true });
  }

  /** A new version of an incident. */
  take(state: IncidentState): void {
    const sortie = this.#sorties.get(state.incident);
    if (sortie && !sortie.over) {
      if (state.status === "dismissed")
        this.#recall(sortie, `incident dismissed by ${state.verdict?.by ?? "the network"}`);
      else this.#follow(sortie, state);
      return;
    }
    if (sortie) {
      if (state.status === "dismissed" || !sortie.recalled) return;
      this.#sorties.delete(state.incident);
    }
    if (performance.now() - this.#startedMs < this.#settleMs) this.#waiting.add(state.incident, {});
    else void this.#decide(state, {});
  }

  /** After a start: an earlier run may have known these without having sent anybody. Drones speak first, then they are decided. */
  resume(states: readonly IncidentState[]): void {
    for (const { incident } of states) if (!this.#sorties.get(incident)) this.#waiting.add(incident, {});
  }

  /** A person sends a drone, whatever the thresholds; what stands in the way is said. */
  async send(incident: IncidentState, by: string, why: string): Promise<Outcome> {
    const sortie = this.#sorties.get(incident.incident);
    if (sortie && !sortie.over) {
      const phase = this.#deps.drones.get(sortie.drone)?.state?.phase;
      if (phase !== "asked") return { kind: "answered", accepted: true, why: `${sortie.drone} is on it already` };
      return this.#deps.drones.order(
        sortie.drone,
        { act: "authorise", flight: sortie.flight, why },
        { by, as: "remote" },
      );
    }
    this.#sorties.delete(incident.incident);
    this.#tried.delete(incident.incident);
    return this.#decide(incident, { authorisation: { how: "person", by, at: nowUtc(), why: why.slice(0, 2000) } });
  }

  sortieOf(incident: string): { flight: string; drone: string; over: boolean } | undefined {
    return this.#sorties.get(incident);
  }

  async #decide(state: IncidentState, { authorisation }: { authorisation?: Authorisation }): Promise<Outcome> {
    const { config, drones, log } = this.#deps;
    const nowMs = Date.now();
    const ageS = (nowMs - Number(nsOfUtc(state.alertedAt) / 1_000_000n)) / 1000;
    const { place } = state;
    const rule = ruling(state, config.policy, nowMs, authorisation ? 0 : ageS);
    const byPerson = authorisation?.how === "person";
    if (!place || (rule.kind === "no" && !byPerson)) {
      this.#waiting.delete(state.incident);
      const why = rule.kind === "no" ? rule.why : "nobody knows where it was";
      this.#noteOnce(state.incident, `no drone is sent: ${why}`, { ruling: rule });
      return { kind: "answered", accepted: false, why };
    }
    const there = this.#sorties.at(place, state.incident);
    if (there && !byPerson) {
      this.#noteOnce(state.incident, `${there.drone} is at this scene already, for incident ${there.incident}`, {
        drone: there.drone,
      });
      return { kind: "answered", accepted: false, why: `${there.drone} is there already` };
    }
    const chosen = chooseDrone(
      config.drones.map(({ id, laneHeightM }) => ({
        id,
        laneHeightM,
        state: drones.get(id)?.state,
        ageS: drones.ageS(id),
      })),
      place,
      {
        fence: config.fence,
        reserveFraction: config.reserveFraction,
        onSceneS: config.onSceneS,
        wind: config.windFromForecast,
        courses: this.#sorties.courses(),
        tried: this.#tried.get(state.incident) ?? [],
      },
    );
    if (!chosen.best) {
      const reasons = chosen.others.map(({ id, why }) => `${id} ${why}`).join("; ");
      this.counters.noDrone++;
      this.#noteOnce(state.incident, `no drone can go now: ${reasons}`, { drones: chosen.others });
      this.#waiting.add(state.incident, authorisation ? { authorisation } : {});
      return { kind: "answered", accepted: false, why: `no drone can go now: ${reasons}` };
    }
    this.#waiting.delete(state.incident);
    const how = byPerson ? "person" : rule.kind === "fly" ? rule.how : "person";
    const given =
      authorisation ??
      (how === "policy" ? { how: "policy" as const, by: "dispatch", at: nowUtc(), why: rule.why } : undefined);
    log.info({ incident: state.incident, drone: chosen.best.id, etaS: chosen.best.etaS, how }, "drone asked");
    return this.#ask(state, chosen.best, how, given, { ruling: rule, others: chosen.others });
  }

  async #ask(
    state: IncidentState,
    choice: Choice,
    how: "policy" | "person",
    authorisation: Authorisation | undefined,
    reasons: unknown,
  ): Promise<Outcome> {
    const { drones, note } = this.#deps;
    const place = state.place!;
    const flight = ulid();
    const dock = drones.get(choice.id)!.state!.dock.position;
    const sortie: Sortie = {
      incident: state.incident,
      flight,
      drone: choice.id,
      laneHeightM: choice.laneHeightM,
      line: [dock, ...choice.corridor, place],
      place,
      version: state.version,
      how,
      over: false,
      recalled: false,
    };
    this.#sorties.add(sortie);
    this.counters.asked++;
    if (authorisation) this.counters[authorisation.how === "policy" ? "byPolicy" : "byPerson"]++;
    const decided: Hop = { hop: "decided", at: nowUtc() };
    const hops: Hop[] = [{ hop: "fired", at: state.firedAt }, { hop: "alerted", at: state.alertedAt }, decided];
    const who = authorisation
      ? `authorised by ${authorisation.by}: ${authorisation.why}`
      : "a person must authorise it";
    // Written once the broker has the order, or the drone has answered: a commit to disk is time that the drone would wait.
    const sent = () =>
      note(state.incident, "dispatch", `${choice.id} asked, ${Math.round(choice.etaS)} s to the scene; ${who}`, {
        flight,
        drone: choice.id,
        etaS: choice.etaS,
        how,
        at: decided.at,
        reasons,
      });
    const unstored = (why: string) =>
      note(state.incident, "dispatch", `the order to ${choice.id} is not stored: ${why}`, { flight });
    const outcome = await drones.order(
      choice.id,
      {
        act: "ask",
        flight,
        incident: state.incident,
        incidentVersion: state.version,
        place,
        laneHeightM: choice.laneHeightM,
        corridor: choice.corridor,
        firedAt: state.firedAt,
        alertedAt: state.alertedAt,
        ...(authorisation && { authorisation }),
      },
      dispatchItself,
      hops,
      { sent, unstored },
    );
    if (outcome.kind !== "answered" || !outcome.accepted) {
      note(state.incident, choice.id, `${choice.id} does not go: ${outcome.why}`, { flight, outcome });
      this.#next(sortie, authorisation);
    }
    return outcome;
  }

  /** The drone did not go; another may. */
  #next(sortie: Sortie, authorisation?: Authorisation): void {
    if (this.#sorties.get(sortie.incident) !== sortie) return;
    this.#sorties.delete(sortie.incident);
    this.#tried.set(sortie.incident, [...(this.#tried.get(sortie.incident) ?? []), sortie.drone]);
    const state = this.#deps.incident(sortie.incident);
    if (state) void this.#decide(state, authorisation ? { authorisation } : {});
  }

  #heard(state: FlightState): void {
    const { incident, flight, phase, node } = state;
    if (!incident || !flight) return;
    const sortie = this.#sorties.get(incident);
    if (!sortie) {
      const earlier = adopted(state);
      if (earlier) {
        this.#sorties.add(earlier);
        this.#waiting.delete(incident);
      }
      return;
    }
    if (sortie.flight !== flight) {
      // An order that the network kept for a while: another drone has this incident by now.
      if (!ended.has(phase) && !sortie.over && sortie.drone !== node) {
        void this.#deps.drones.order(node, { act: "recall", flight, why: `${sortie.drone} has it` }, dispatchItself);
      }
      return;
    }
    if (sortie.over || !ended.has(phase)) return;
    sortie.over = true;
    const flew = state.hops.some(({ hop }) => hop === "climbing");
    this.#deps.log.info({ incident, flight, drone: node, flew, why: state.why }, "flight over");
    if (sortie.recalled) {
      // It was called off and may stand again by now: then it is a case like any other, for this drone, too.
      const standing = this.#deps.incident(incident);
      if (standing && standing.status !== "dismissed") {
        this.#sorties.delete(incident);
        void this.#decide(standing, {});
      }
      return;
    }
    if (flew || state.hops.every(({ hop }) => hop !== "received")) return;
    this.#next(sortie, state.authorisation?.how === "person" ? state.authorisation : undefined);
  }

  #follow(sortie: Sortie, state: IncidentState): void {
    const { place } = state;
    if (!place || state.version <= sortie.version) return;
    const { config, drones, note } = this.#deps;
    sortie.version = state.version;
    const movedM = distanceM(place, sortie.place);
    if (movedM >= retargetM) {
      sortie.place = place;
      const order = { act: "retarget" as const, flight: sortie.flight, incidentVersion: state.version, place };
      void drones.order(sortie.drone, order, dispatchItself).then((outcome) => {
        note(
          state.incident,
          "dispatch",
          `better fix, ${Math.round(movedM)} m away, to ${sortie.drone}: ${outcome.why}`,
          { outcome },
        );
      });
    }
    if (sortie.how === "policy" || drones.get(sortie.drone)?.state?.phase !== "asked") return;
    const rule = ruling(state, config.policy, Date.now(), 0);
    if (rule.kind !== "fly" || rule.how !== "policy") return;
    sortie.how = "policy";
    void drones.order(sortie.drone, { act: "authorise", flight: sortie.flight, why: rule.why }, dispatchItself);
  }

  #recall(sortie: Sortie, why: string): void {
    sortie.recalled = true;
    void this.#deps.drones
      .order(sortie.drone, { act: "recall", flight: sortie.flight, why }, dispatchItself)
      .then((outcome) => {
        this.#deps.note(sortie.incident, "dispatch", `${sortie.drone} recalled, ${why}: ${outcome.why}`, { outcome });
      });
  }

  #again(): void {
    if (performance.now() - this.#startedMs < this.#settleMs) return;
    for (const [incident, with_] of this.#waiting.all()) {
      const state = this.#deps.incident(incident);
      if (!state || (this.#sorties.get(incident) && !this.#sorties.get(incident)!.over)) this.#waiting.delete(incident);
      else void this.#decide(state, with_);
    }
  }

  #noteOnce(incident: string, text: string, data: unknown): void {
    if (this.#once.first(`${incident}/${text}`)) this.#deps.note(incident, "dispatch", text, data);
  }
}
