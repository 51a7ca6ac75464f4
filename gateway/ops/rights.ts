/** What a person's roles let them do at the gateway, as its routes ask it. Pure. */
import type { UserRole } from "#contract/ops-api.ts";

export interface Me {
  readonly user: string;
  readonly roles: readonly UserRole[];
}

/** Why they may not, in words; undefined where they may. */
export const needs = (me: Me, ...roles: UserRole[]): string | undefined =>
  me.roles.some((role) => role === "admin" || roles.includes(role))
    ? undefined
    : `needs the role ${roles.join(" or ")}, you are ${me.roles.join(" and ") || "without one"}`;

export const mayNotTake = (me: Me) => needs(me, "dispatch", "reviewer", "pilot");
export const mayNotJudge = (me: Me) => needs(me, "dispatch", "reviewer");
