/** The token's state machine: `authorityStep(state, event, rules) -> [next, effects]`. What is in it stands in `token.ts`, what orders do in `orders.ts`. */
import { order } from "./orders.ts";
import type { Site } from "./site.ts";
import { type Authority, type AuthorityEvent, type AuthorityStep, pass } from "./token.ts";

export function authorityStep(state: Authority, event: AuthorityEvent, rules: Site["control"]): AuthorityStep {
  const now: Authority = { ...state, tickMs: Math.max(state.tickMs, event.tickMs) };
  switch (event.type) {
    case "tick":
      return expire(now);
    case "radio":
      if (now.holder.kind === "onsite") return [now, []];
      return pass(now, { kind: "onsite" }, event.why);
    case "reclaim": {
      if (now.holder.kind !== "remote") return [now, []];
      const [next] = pass(now, { kind: "autonomy" }, event.why);
      next.safety = { level: event.level, by: "autonomy", sinceTickMs: now.tickMs };
      return [
        next,
        [
          { effect: "control", why: event.why },
          { effect: "safety", level: event.level, why: event.why },
        ],
      ];
    }
    case "grounded": {
      const cleared = { ...now };
      delete cleared.safety;
      delete cleared.cut;
      if (now.holder.kind !== "remote") return [cleared, []];
      return pass(cleared, { kind: "autonomy" }, event.why);
    }
    case "order":
      return order(now, event.order, event.situation, rules);
  }
}

function expire(now: Authority): AuthorityStep {
  if (now.cut && now.tickMs > now.cut.untilMs) {
    now = { ...now };
    delete now.cut;
  }
  if (now.holder.kind !== "remote" || now.leaseUntilMs === undefined || now.tickMs < now.leaseUntilMs) return [now, []];
  return pass(now, { kind: "autonomy" }, `${now.holder.by} has been silent`, { silent: true });
}
