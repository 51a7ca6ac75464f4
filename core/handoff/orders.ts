/** Which orders are obeyed: by whom, under which epoch, made on how old a picture; and what a refusal says. */
import type { Holder } from "#contract/control.ts";
import type { Site } from "./site.ts";
import {
  type Answered,
  type Authority,
  type AuthorityStep,
  currentEpoch,
  nameOf,
  type Order,
  pass,
  renewed,
  type SafetyLevel,
  type Situation,
} from "./token.ts";

const rank: Record<SafetyLevel, number> = { hold: 1, return: 2, land: 3 };
const safetyOf: Record<string, SafetyLevel> = {
  hold: "hold",
  return: "return",
  recall: "return",
  land: "land",
  stop: "hold",
};
const tokenActs = new Set(["ask", "grant", "release", "takeover", "renew"]);
const steering = new Set(["goto", "look"]);
const kept = 64;

/** Answers an order once. */
export function order(now: Authority, asked: Order, situation: Situation, rules: Site["control"]): AuthorityStep {
  // A doubled order was answered already: QoS 1 repeats, and so does a person's finger with the same message.
  if (now.seen.includes(asked.id)) return [now, []];
  const verdict = judge(now, asked, situation, rules);
  const [next, effects] = verdict.step;
  const answer: Answered = {
    order: asked.id,
    by: asked.by,
    act: asked.act,
    accepted: verdict.accepted,
    why: verdict.why,
    tickMs: now.tickMs,
  };
  return [
    { ...next, seen: [...next.seen, asked.id].slice(-kept), answers: [...next.answers, answer].slice(-16) },
    effects,
  ];
}

interface Verdict {
  accepted: boolean;
  why: string;
  step: AuthorityStep;
}

function judge(now: Authority, asked: Order, situation: Situation, rules: Site["control"]): Verdict {
  const refuse = (why: string): Verdict => ({ accepted: false, why, step: [now, []] });
  const accept = (why: string, step: AuthorityStep): Verdict => ({ accepted: true, why, step });
  const safety = safetyOf[asked.act];
  const ageS = (now.tickMs - asked.seenTickMs) / 1000;
  const limitS = !situation.airborne ? rules.dockedPictureS : safety ? rules.safetyPictureS : rules.holderPictureS;
  if (ageS > limitS || ageS < -1) {
    return refuse(`made on a picture ${ageS.toFixed(1)} s old, ${limitS} s are allowed: look again`);
  }
  if (asked.flight !== undefined && asked.act !== "ask" && asked.flight !== situation.flight) {
    return refuse("it is not on that flight");
  }
  if (asked.act === "cut") return cut(now, asked, situation, rules, refuse, accept);
  if (safety && !(isHolder(now, asked) && currentEpoch(now, asked.epoch)))
    return callForSafety(now, asked, safety, situation, refuse, accept);
  if (!currentEpoch(now, asked.epoch)) {
    return refuse(`control changed hands since you looked: ${now.why}`);
  }
  if (tokenActs.has(asked.act) && asked.flight === undefined)
    return token(now, asked, situation, rules, refuse, accept);
  if (steering.has(asked.act) || safety) {
    if (!isHolder(now, asked)) return refuse(`${nameOf(now.holder)} has control`);
    if (!situation.airborne) return refuse("it is on the ground");
    if (situation.forbids) return refuse(situation.forbids);
    return accept("done", [renewed(now, rules), [{ effect: "perform" }]]);
  }
  // What is left is the mission's: ask, authorise, retarget, clear. It is autonomy's to fly, so autonomy must hold the token.
  if (now.holder.kind !== "autonomy") return refuse(`${nameOf(now.holder)} has control`);
  if (situation.forbids) return refuse(situation.forbids);
  return accept("passed on", [now, [{ effect: "perform" }]]);
}

type Refuse = (why: string) => Verdict;
type Accept = (why: string, step: AuthorityStep) => Verdict;

function token(
  now: Authority,
  asked: Order,
  situation: Situation,
  rules: Site["control"],
  refuse: Refuse,
  accept: Accept,
): Verdict {
  const me = holderOf(asked);
  const held = isHolder(now, asked);
  switch (asked.act) {
    case "renew":
      return held ? accept("renewed", [renewed(now, rules), []]) : refuse(`${nameOf(now.holder)} has control`);
    case "release":
      if (!held) return refuse(`${nameOf(now.holder)} has control`);
      return accept("autonomy has control", pass(now, { kind: "autonomy" }, `given back by ${asked.by}`));
    case "grant": {
      if (!held) return refuse(`${nameOf(now.holder)} has control`);
      if (!asked.to || !now.asks.some((one) => one.by === asked.to))
        return refuse(`${asked.to ?? "nobody"} has not asked`);
      const [next, effects] = pass(now, { kind: "remote", by: asked.to }, `granted to ${asked.to} by ${asked.by}`);
      return accept(`${asked.to} has control`, [renewed(next, rules), effects]);
    }
    case "ask": {
      if (held) return accept("has it already", [renewed(now, rules), []]);
      if (me === undefined) return refuse("dispatch does not fly");
      if (me.kind === "remote" && !situation.airborne) return refuse("it is on the ground");
      if (now.holder.kind === "autonomy" && now.safety === undefined) return taken(now, me, asked, rules, accept);
      const asks = [...now.asks.filter((one) => one.by !== asked.by), { by: asked.by, sinceTickMs: now.tickMs }].slice(
        -8,
      );
      return accept(`${nameOf(now.holder)} was asked`, [{ ...now, asks }, []]);
    }
    default: {
      if (held) return accept("has it already", [renewed(now, rules), []]);
      if (me === undefined) return refuse("dispatch does not fly");
      if (me.kind === "remote" && now.holder.kind === "onsite") return refuse("the on-site pilot has control");
      if (me.kind === "remote" && !situation.airborne) return refuse("it is on the ground");
      return taken(now, me, asked, rules, accept);
    }
  }
}

function taken(now: Authority, me: Holder, asked: Order, rules: Site["control"], accept: Accept): Verdict {
  const [next, effects] = pass(now, me, `taken by ${asked.by}${me.kind === "onsite" ? " on site" : ""}`);
  return accept(`${asked.by} has control`, [renewed(next, rules), effects]);
}

/** Hold, return, land and stop by anybody who may: no token asked, a new epoch taken; the stronger call binds, on-site overrides all. */
function callForSafety(
  now: Authority,
  asked: Order,
  level: SafetyLevel,
  situation: Situation,
  refuse: Refuse,
  accept: Accept,
): Verdict {
  if (now.holder.kind === "onsite" && asked.as !== "onsite") return refuse("the on-site pilot has control");
  if (!situation.airborne) {
    return accept("called off", [now, [{ effect: "safety", level, why: `${asked.act} by ${asked.by}` }]]);
  }
  // A stop ends in a landing: it ranks as one, so that nobody's return takes it back.
  const binds: SafetyLevel = asked.act === "stop" ? "land" : level;
  if (asked.as !== "onsite" && now.safety && rank[now.safety.level] > rank[binds]) {
    return refuse(`${now.safety.by} has called ${now.safety.level}, which is stronger`);
  }
  if (now.safety?.level === binds && asked.as !== "onsite")
    return accept(`${now.safety.by} has called it already`, [now, []]);
  const why = `${asked.act} by ${asked.by}`;
  const [next, effects] = pass(now, { kind: "autonomy" }, why);
  next.safety = { level: binds, by: asked.by, sinceTickMs: now.tickMs };
  return accept(why, [next, [...effects, { effect: "safety", level: asked.act === "stop" ? "stop" : level, why }]]);
}

function cut(
  now: Authority,
  asked: Order,
  { heightM }: Situation,
  rules: Site["control"],
  refuse: Refuse,
  accept: Accept,
): Verdict {
  if (asked.as !== "onsite") return refuse("motors are cut on site only");
  if (!currentEpoch(now, asked.epoch)) return refuse(`control changed hands since you looked: ${now.why}`);
  const low = heightM !== undefined && heightM <= 1;
  const again = now.cut !== undefined && now.cut.order !== asked.id && now.tickMs <= now.cut.untilMs;
  if (!low && !again) {
    const height = heightM === undefined ? "its height is not known" : `it is ${heightM.toFixed(1)} m above ground`;
    const untilMs = now.tickMs + rules.cutRepeatS * 1000;
    return {
      accepted: false,
      why: `${height} and would fall: ask again within ${rules.cutRepeatS} s to do it all the same`,
      step: [{ ...now, cut: { untilMs, order: asked.id } }, []],
    };
  }
  const why = `motors cut by ${asked.by} on site`;
  const [next, effects] = pass(now, { kind: "onsite", by: asked.by }, why);
  return accept(why, [next, [...effects, { effect: "cutMotors" }]]);
}

/** Whose token the order would be; dispatch never holds it. */
function holderOf(asked: Order): Holder | undefined {
  if (asked.as === "dispatch") return undefined;
  return asked.as === "onsite" ? { kind: "onsite", by: asked.by } : { kind: "remote", by: asked.by };
}

/** By identity; under which epoch the order was made is asked apart. The radio's takeover has no name: any person on site speaks for it. */
function isHolder({ holder }: Authority, asked: Order): boolean {
  if (holder.kind === "remote") return asked.as === "remote" && holder.by === asked.by;
  if (holder.kind === "onsite") return asked.as === "onsite";
  return false;
}
