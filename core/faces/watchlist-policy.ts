/** Whether a watchlist whose signature is good may be used here and now. Every reason against is given, not only the first. */
import { nsOfUtc } from "#contract/units.ts";
import type { FacePolicy, Watchlist } from "#contract/watchlist.ts";
import { within } from "../handoff/fence.ts";
import { type MeasuredError, type Rule, ruleFor } from "./threshold.ts";

/** The reason of a device without a position. */
export const NO_PLACE = "this device does not know where it is, and a list holds in its area only";
/** The reason of a device whose clock is not to be trusted. */
export const NO_TIME = "this device does not know the time, and a list holds in its time only";
const DAY_NS = 86_400_000_000_000n;

export interface Circumstances {
  readonly nowNs: bigint;
  /** False while the device's clock is not synchronised. */
  readonly timeSure?: boolean;
  /** Where the device is; a device that does not know is in no area. */
  readonly here: { readonly lat: number; readonly lon: number } | undefined;
  readonly policy: FacePolicy;
  readonly measured: MeasuredError;
  /** Ids of revoked lists. */
  readonly revoked: ReadonlySet<string>;
  /** People on other lists in force: a face is compared with all, and the policy holds for the face. */
  readonly otherPeople?: number;
}

export type Admission =
  | { readonly kind: "admitted"; readonly rule: Rule }
  | { readonly kind: "refused"; readonly why: readonly string[] };

export function admit(
  list: Watchlist,
  { nowNs, here, policy, measured, revoked, otherPeople = 0, timeSure = true }: Circumstances,
): Admission {
  const why: string[] = [];
  const [startNs, endNs] = [nsOfUtc(list.start), nsOfUtc(list.end)];
  const days = Number((endNs - startNs) / DAY_NS);
  if (revoked.has(list.id)) why.push("revoked");
  if (endNs <= startNs) why.push(`ends (${list.end}) before it starts (${list.start})`);
  if (!timeSure) why.push(NO_TIME);
  if (nowNs < startNs) why.push(`not yet in force: starts ${list.start}`);
  if (nowNs >= endNs) why.push(`expired: ended ${list.end}`);
  if (endNs - startNs > BigInt(Math.round(policy.longestDays * Number(DAY_NS))))
    why.push(`too long: ${days} days, at most ${policy.longestDays} are allowed`);
  if (here === undefined) why.push(NO_PLACE);
  else if (!within(list.area, here)) why.push("out of its area: this device stands outside");
  if (list.embedderSha256 !== measured.embedderSha256)
    why.push("made with another face model: sign it again from its pictures");
  const rule = ruleFor(list.people.length + otherPeople, measured, policy);
  if (rule.kind === "too large")
    why.push(`too large${otherPeople > 0 ? " together with the other lists in force" : ""}: ${rule.why}`);
  return rule.kind === "rule" && why.length === 0 ? { kind: "admitted", rule } : { kind: "refused", why };
}
