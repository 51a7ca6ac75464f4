/** What time does to a flight: orders said again, phases ended. */
import { type Draft, go, resume } from "./draft.ts";
import { landedUnseen } from "./guards.ts";
import { overdueWords } from "./phase-words.ts";
import { holdRules, phaseRules } from "./phases.ts";

/** An order that the vehicle took and does not follow, or that got lost between: said again every 4 s. */
export function remind({ flight, actions }: Draft) {
  const { phase, vehicle, autonomy } = flight;
  const wanted =
    phase === "returning"
      ? "return"
      : phase === "landing" && flight.landsAt === undefined
        ? "land"
        : phase === "holding" && flight.cause !== "traffic"
          ? "hold"
          : undefined;
  if (wanted === undefined || !autonomy || vehicle.link !== "up" || vehicle.armed !== true) return;
  const follows =
    vehicle.mode === wanted || vehicle.mode === "land" || (wanted === "hold" && vehicle.mode !== "mission");
  const sinceMs = Math.max(flight.sinceMs, flight.remindedMs ?? 0);
  if (follows || flight.tickMs - sinceMs < 4000) return;
  flight.remindedMs = flight.tickMs;
  actions.push({ do: wanted });
}

/** The end of a phase that lasted too long. */
export function timedOut(draft: Draft) {
  const { flight } = draft;
  const was = overdueWords(flight.phase, flight.why);
  const to = phaseRules[flight.phase].onTimeout;
  if (flight.phase === "holding") {
    const rule = holdRules[flight.cause ?? "refused"];
    if (rule.next === "resume") return resume(draft, flight.cause === "givenBack" ? "given back" : "goes on");
    return go(draft, rule.next, flight.cause === "stop" ? "emergency stop: held, now lands" : was);
  }
  if (flight.phase === "piloted") {
    flight.untilMs = flight.tickMs + phaseRules.piloted.timeoutS! * 1000;
    if (flight.holder.kind === "remote") draft.actions.push({ do: "reclaim", level: "return", why: was });
    else draft.actions.push({ do: "hop", hop: "onsite-still" });
    return;
  }
  if (landedUnseen(flight)) return go(draft, "landedAway", "landed at its dock, but the pad does not feel it");
  if (flight.phase === "arming") {
    draft.actions.push({ do: "disarm" });
    return go(draft, "closing", was);
  }
  if (flight.phase === "asked") return go(draft, "docked", "nobody authorised it in time");
  if (to !== undefined) go(draft, to, was);
}
