/**
 * Drones over HTTP, all below `/api` and behind the log-in. An order's answer is the drone's own: 200 `{ accepted: true, why }`,
 * 409 when it refused, 504 when it did not answer, 404 when it was never heard.
 *
 *   GET  /api/drones                                                   -> { drones: [{ id, ageS, state?, control? }] }
 *   POST /api/incidents/:id/flight          { why }                    a person sends a drone, or authorises the one that waits
 *   POST /api/drones/:id/authorise          { flight, why?, epoch?, seenTickMs? }
 *   POST /api/drones/:id/{ask,takeover,release,renew}  { epoch, seenTickMs?, as? }    the token
 *   POST /api/drones/:id/grant              { epoch, seenTickMs?, as?, to }
 *   POST /api/drones/:id/{hold,return,land,stop}  { as? }              no token asked
 *   POST /api/drones/:id/goto               { epoch, seenTickMs?, as?, to: { lat, lon, heightM }, speedMps? }
 *   POST /api/drones/:id/look               { epoch, seenTickMs?, as?, at: { lat, lon, heightM } }
 *   POST /api/drones/:id/cut                { epoch, as: "onsite" }
 *   POST /api/drones/:id/clear              { why }
 *
 * `epoch` and `seenTickMs` are those of the picture on the person's screen: an order made on an old one is refused by the drone.
 */
import * as v from "valibot";
import { type FlightAct, type FlightState, Waypoint } from "#contract/flight.ts";
import type { UserRole } from "#contract/ops-api.ts";
import { Count, Id, Name, NonNegative } from "#contract/units.ts";
import type { GatewayContext } from "../context.ts";
import { flightFor } from "../http/for-role.ts";
import { parseBody, Refusal } from "../http/refusal.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { Drones, Giver, Outcome } from "./drones.ts";

const as = v.optional(v.picklist(["remote", "onsite"]), "remote");
const Why = v.pipe(v.string(), v.trim(), v.minLength(1, "a reason is needed"), v.maxLength(500));
const Picture = v.object({ epoch: Count, seenTickMs: v.optional(NonNegative), as });
const Loose = v.object({ epoch: v.optional(Count), seenTickMs: v.optional(NonNegative), as });
const bodies = {
  authorise: v.object({ ...Loose.entries, flight: Id, why: v.optional(Why) }),
  grant: v.object({ ...Picture.entries, to: Name }),
  goto: v.object({ ...Picture.entries, to: Waypoint, speedMps: v.optional(NonNegative) }),
  look: v.object({ ...Picture.entries, at: Waypoint }),
  why: v.object({ why: Why }),
};

type WithId = { Params: { id: string } };
const flyers: UserRole[] = ["pilot"];
const callers: UserRole[] = ["pilot", "dispatch"];

export function addDispatchRoutes(context: GatewayContext, drones: Drones, dispatcher: Dispatcher): void {
  const { http: app, sessionOf } = context;

  app.get("/api/drones", async (request) => {
    const { roles } = sessionOf(request);
    const shown = (state: FlightState) =>
      flightFor(roles, state, state.incident === undefined ? undefined : context.incident(state.incident)?.kind);
    return {
      drones: drones.all().map(([id, { state, control }]) => {
        return { id, ageS: drones.ageS(id), state: state && shown(state), control };
      }),
    };
  });

  app.post<WithId>("/api/incidents/:id/flight", async (request) => {
    const { user } = sessionOf(request, ...callers);
    const incident = context.incident(request.params.id);
    if (!incident) throw new Refusal(404, `there is no incident '${request.params.id}'`);
    return told(await dispatcher.send(incident, user, parseBody(bodies.why, request.body).why));
  });

  app.post<WithId>("/api/drones/:id/authorise", async (request) => {
    const { user } = sessionOf(request, ...callers);
    const body = parseBody(bodies.authorise, request.body);
    const { flight, why } = body;
    const order = { act: "authorise" as const, flight, ...(why !== undefined && { why }) };
    return told(await drones.order(request.params.id, order, { ...giver(user, body), as: "remote" }));
  });

  for (const act of ["ask", "takeover", "release", "renew"] as const) {
    app.post<WithId>(`/api/drones/:id/${act}`, async (request) => {
      const { user } = sessionOf(request, ...flyers);
      return told(await drones.token(request.params.id, act, giver(user, parseBody(Picture, request.body))));
    });
  }
  app.post<WithId>("/api/drones/:id/grant", async (request) => {
    const { user } = sessionOf(request, ...flyers);
    const body = parseBody(bodies.grant, request.body);
    return told(await drones.token(request.params.id, "grant", giver(user, body), body.to));
  });

  for (const act of ["hold", "return", "land", "stop"] as const) {
    app.post<WithId>(`/api/drones/:id/${act}`, async (request) => {
      const { user } = sessionOf(request, ...callers);
      const flight = flightOf(request.params.id);
      return told(
        await drones.order(request.params.id, { act, flight }, giver(user, parseBody(Loose, request.body ?? {}))),
      );
    });
  }
  app.post<WithId>("/api/drones/:id/cut", async (request) => {
    const { user } = sessionOf(request, ...flyers);
    const flight = flightOf(request.params.id);
    return told(
      await drones.order(request.params.id, { act: "cut", flight }, giver(user, parseBody(Picture, request.body))),
    );
  });
  app.post<WithId>("/api/drones/:id/goto", async (request) => {
    const { user } = sessionOf(request, ...flyers);
    const body = parseBody(bodies.goto, request.body);
    const order: FlightAct = {
      act: "goto",
      flight: flightOf(request.params.id),
      to: body.to,
      ...(body.speedMps !== undefined && { speedMps: body.speedMps }),
    };
    return told(await drones.order(request.params.id, order, giver(user, body)));
  });
  app.post<WithId>("/api/drones/:id/look", async (request) => {
    const { user } = sessionOf(request, ...flyers);
    const body = parseBody(bodies.look, request.body);
    const order: FlightAct = { act: "look", flight: flightOf(request.params.id), at: body.at };
    return told(await drones.order(request.params.id, order, giver(user, body)));
  });
  app.post<WithId>("/api/drones/:id/clear", async (request) => {
    const { user } = sessionOf(request, "pilot", "technician");
    const { why } = parseBody(bodies.why, request.body);
    return told(await drones.order(request.params.id, { act: "clear", why }, { by: user, as: "onsite" }));
  });

  function flightOf(id: string): string {
    const flight = drones.get(id)?.state?.flight;
    if (!flight) throw new Refusal(409, `drone '${id}' is on no flight`);
    return flight;
  }
}

function giver(
  by: string,
  body: { epoch?: number | undefined; seenTickMs?: number | undefined; as: "remote" | "onsite" },
): Giver {
  return { by, as: body.as, epoch: body.epoch, seenTickMs: body.seenTickMs };
}

function told(outcome: Outcome): { accepted: true; why: string } {
  if (outcome.kind === "unknown") throw new Refusal(404, outcome.why);
  if (outcome.kind === "silent")
    throw new Refusal(504, outcome.why, { fix: "look whether the drone is in reach, and try again" });
  if (!outcome.accepted) throw new Refusal(409, outcome.why);
  return { accepted: true, why: outcome.why };
}
