/** The robots over HTTP, as `contract/robot.ts` has it. */
import * as v from "valibot";
import { type RobotAct, RobotOrderAsk, type RobotView } from "#contract/robot.ts";
import type { GatewayContext } from "../context.ts";
import { parseBody, Refusal } from "../http/refusal.ts";
import type { Outcome, Robots } from "./robots.ts";

/** JSON has no infinity. */
const LONG_AGO_S = 1e6;

type WithId = { Params: { id: string } };

export function addRobotRoutes({ http: app, sessionOf }: GatewayContext, robots: Robots): void {
  app.get("/api/robots", async (request): Promise<{ robots: RobotView[] }> => {
    sessionOf(request);
    const all = robots.all().map(([robot, { state, pose, tracks }]) => ({
      robot,
      ageS: Math.min(robots.ageS(robot), LONG_AGO_S),
      ...(state && { state }),
      ...(pose && { pose }),
      ...(tracks && { tracks }),
    }));
    return { robots: all };
  });

  const order = async (id: string, act: RobotAct, user: string, seenTickMs: number | undefined) =>
    told(await robots.order(id, act, user, seenTickMs));
  for (const act of ["hold", "resume"] as const) {
    app.post<WithId>(`/api/robots/:id/${act}`, async (request) => {
      const { user } = sessionOf(request, "dispatch", "pilot", "technician");
      const { seenTickMs } = parseBody(RobotOrderAsk, request.body ?? {});
      return order(request.params.id, { act }, user, seenTickMs);
    });
  }
  app.post<WithId>("/api/robots/:id/patrol", async (request) => {
    const { user } = sessionOf(request, "dispatch", "pilot", "technician");
    const { route, seenTickMs } = parseBody(
      v.object({ ...RobotOrderAsk.entries, route: v.pipe(v.string(), v.minLength(1)) }),
      request.body,
    );
    return order(request.params.id, { act: "patrol", route }, user, seenTickMs);
  });
  app.post<WithId>("/api/robots/:id/leave", async (request) => {
    const { user } = sessionOf(request, "dispatch", "pilot", "technician");
    const call = robots.get(request.params.id)?.state?.call?.call;
    if (call === undefined) throw new Refusal(409, `robot '${request.params.id}' is at no call`);
    const { why, seenTickMs } = parseBody(RobotOrderAsk, request.body ?? {});
    return order(request.params.id, { act: "leave", call, ...(why !== undefined && { why }) }, user, seenTickMs);
  });
}

function told(outcome: Outcome): { accepted: true; why: string } {
  if (outcome.kind === "unknown") throw new Refusal(404, outcome.why);
  if (outcome.kind === "silent")
    throw new Refusal(504, outcome.why, { fix: "look whether the robot is in reach, and try again" });
  if (!outcome.accepted) throw new Refusal(409, outcome.why);
  return { accepted: true, why: outcome.why };
}
