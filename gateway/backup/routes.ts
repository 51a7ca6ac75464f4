/** The call for backup over HTTP, as `contract/backup.ts` has it. */
import { ulid } from "ulid";
import * as v from "valibot";
import { BackupAsk, BackupPress, BackupSaid, type BackupState, RobotAsk, type UnitView } from "#contract/backup.ts";
import type { UserRole } from "#contract/ops-api.ts";
import type { GatewayContext } from "../context.ts";
import { backupFor, caseRoles } from "../http/for-role.ts";
import { parseBody, Refusal } from "../http/refusal.ts";
import { nowUtc } from "../now.ts";
import type { CallOutcome, Calls } from "./calls.ts";
import type { Units } from "./units.ts";

type WithId = { Params: { id: string } };
type WithCall = { Params: { call: string } };
const Why = v.object({ why: BackupAsk.entries.why });

export function addBackupRoutes(context: GatewayContext, calls: Calls, units: Units): void {
  const { http: app, sessionOf, report } = context;

  const shown = (roles: readonly UserRole[], state: BackupState): BackupState =>
    backupFor(roles, state, context.incident(state.incident)?.kind);

  app.get("/api/backup", async (request): Promise<{ calls: BackupState[]; units: UnitView[] }> => {
    const { roles } = sessionOf(request);
    const reads = roles.some((role) => caseRoles.includes(role));
    return { calls: reads ? calls.list().map((call) => shown(roles, call)) : [], units: units.views(Date.now()) };
  });

  app.post<WithId>("/api/incidents/:id/backup", async (request): Promise<BackupState> => {
    const { user, roles } = sessionOf(request, "dispatch", "pilot");
    const { why } = parseBody(BackupAsk, request.body);
    const { id } = request.params;
    const incident = context.incident(id);
    if (!incident) throw new Refusal(404, `there is no incident '${id}'`);
    if (!incident.place)
      throw new Refusal(409, "nobody knows where this incident is", {
        fix: "call to a place instead: POST /api/backup",
      });
    return shown(roles, calls.call(id, incident.place, why, { how: "person", by: user, why }));
  });

  app.post("/api/backup", async (request): Promise<BackupState> => {
    const { user, roles } = sessionOf(request, "dispatch", "pilot");
    const { why, lat, lon, withinM } = parseBody(BackupPress, request.body);
    const place = { lat, lon, ellipse95: { semiMajorM: withinM, semiMinorM: withinM, azimuthDeg: 0 } };
    const incident = ulid();
    const text = `${user} calls for backup: ${why}`;
    report({ incident, of: "backup", firedAt: nowUtc(), place, probability: 1, probabilityKnown: false, text }, user);
    return shown(roles, calls.call(incident, place, why, { how: "person", by: user, why }));
  });

  app.post<WithCall>("/api/backup/:call/answer", async (request): Promise<BackupState> => {
    const { user, roles } = sessionOf(request, "dispatch", "pilot");
    const { unit, answer, text } = parseBody(BackupSaid, request.body);
    const said = `${text === undefined ? "" : `${text}; `}typed in by ${user}`;
    return shown(roles, done(calls.answer(request.params.call, unit, answer, said), request.params.call));
  });

  app.post<WithCall>("/api/backup/:call/robot", async (request): Promise<BackupState> => {
    const { user, roles } = sessionOf(request, "dispatch", "pilot");
    const { robot, why } = parseBody(RobotAsk, request.body);
    return shown(roles, done(calls.sendRobot(request.params.call, robot, user, why), request.params.call));
  });

  app.post<WithCall>("/api/backup/:call/cancel", async (request): Promise<BackupState> => {
    const { user, roles } = sessionOf(request, "dispatch", "pilot");
    return shown(
      roles,
      done(calls.cancel(request.params.call, user, parseBody(Why, request.body).why), request.params.call),
    );
  });
}

function done(outcome: CallOutcome, call: string): BackupState {
  if (outcome.kind === "done") return outcome.state;
  if (outcome.kind === "absent") throw new Refusal(404, `there is no call '${call}'`);
  throw new Refusal(409, outcome.why);
}
