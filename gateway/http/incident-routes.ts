/** Incidents over HTTP, as `contract/ops-api.ts` has them. */
import type { FastifyInstance } from "fastify";
import * as v from "valibot";
import { type IncidentState, IncidentStatus } from "#contract/incident.ts";
import { type IncidentDetail, NoteAsk, VerdictAsk } from "#contract/ops-api.ts";
import { wavOf } from "#core/acoustics/wav-file.ts";
import { type EvidenceSources, makeEvidence } from "../incidents/evidence.ts";
import type { Decision } from "../incidents/incidents.ts";
import { incidentFor, timelineFor } from "./for-role.ts";
import { parseBody, Refusal } from "./refusal.ts";
import { sessionOf } from "./server.ts";

const Listing = v.object({
  limit: v.optional(v.pipe(v.string(), v.toNumber(), v.integer(), v.minValue(1), v.maxValue(1000)), "200"),
  before: v.optional(v.string()),
  status: v.optional(IncidentStatus),
});

/** Looking again within this time is the same look: the record names who saw what, not every click. */
const SAME_LOOK_MS = 10 * 60_000;

type WithId = { Params: { id: string } };

export function addIncidentRoutes(app: FastifyInstance, sources: EvidenceSources): void {
  const { incidents, clips } = sources;
  const looks = new Map<string, number>();
  const look = (incident: string, user: string, what: string, data: Record<string, unknown>) => {
    const key = JSON.stringify([incident, user, what]);
    const nowMs = Date.now();
    if (nowMs - (looks.get(key) ?? 0) < SAME_LOOK_MS) return;
    for (const [old, atMs] of looks) if (nowMs - atMs >= SAME_LOOK_MS) looks.delete(old);
    looks.set(key, nowMs);
    incidents.fact(incident, "viewed", user, what, data);
  };
  const stateOf = (id: string) => {
    const state = incidents.state(id);
    if (!state) throw new Refusal(404, `there is no incident '${id}'`);
    return state;
  };

  app.get("/api/incidents", async (request) => {
    const { roles } = sessionOf(request);
    const { limit, before, status } = parseBody(Listing, request.query);
    if (before !== undefined) stateOf(before);
    const found = incidents.list({ limit, ...(before !== undefined && { before }), ...(status && { status }) });
    return { ...found, incidents: found.incidents.map((state) => incidentFor(roles, state)) };
  });

  app.get<WithId>("/api/incidents/:id", async (request): Promise<IncidentDetail> => {
    const { user, roles } = sessionOf(request);
    const incident = stateOf(request.params.id);
    look(incident.incident, user, "looked at the incident", {});
    return {
      incident: incidentFor(roles, incident),
      shots: incidents.shots(incident.incident),
      timeline: timelineFor(roles, incident.kind, incidents.record.entries(incident.incident)),
      chain: incidents.record.verify(incident.incident),
      clips: clips.list(incident.incident),
    };
  });

  app.post<WithId>("/api/incidents/:id/take", async (request) => {
    const { user, roles } = sessionOf(request, "dispatch", "reviewer", "pilot");
    const decision = incidents.take(request.params.id, user);
    // Taking twice is no mistake: the console says it again after a lost answer.
    const state = decision.kind === "refused" ? stateOf(request.params.id) : done(decision, request.params.id);
    return incidentFor(roles, state);
  });

  app.post<WithId>("/api/incidents/:id/verdict", async (request) => {
    const { user } = sessionOf(request, "dispatch", "reviewer");
    return done(incidents.verdict(request.params.id, user, parseBody(VerdictAsk, request.body)), request.params.id);
  });

  app.post<WithId>("/api/incidents/:id/note", async (request) => {
    const { user, roles } = sessionOf(request, "dispatch", "reviewer", "pilot");
    const decision = incidents.note(request.params.id, user, parseBody(NoteAsk, request.body).text);
    return incidentFor(roles, done(decision, request.params.id));
  });

  app.get<WithId>("/api/incidents/:id/evidence", async (request, reply) => {
    const { user } = sessionOf(request, "dispatch", "reviewer");
    const { id } = request.params;
    const bundle = await makeEvidence(sources, id, user);
    if (!bundle) throw new Refusal(404, `there is no incident '${id}'`);
    // Ids have no character that a file name or a header could stumble over, but colons.
    const name = `evidence-${id.replaceAll(":", "_")}.json`;
    return reply.header("content-disposition", `attachment; filename="${name}"`).send(bundle);
  });

  app.get<{ Params: { id: string; arrival: string } }>("/api/incidents/:id/clips/:arrival", async (request, reply) => {
    const { user } = sessionOf(request, "dispatch", "reviewer", "pilot");
    const { id, arrival } = request.params;
    stateOf(id);
    const clip = clips.open(id, arrival);
    if (!clip)
      throw new Refusal(404, `there is no sound of '${arrival}'`, {
        fix: "it may be withheld, on its way, or past its time",
      });
    // A page fetches a sound to draw it as well: whether anybody listened is not known here.
    look(id, user, `was given the sound of ${clip.node}`, { arrival });
    return reply.type("audio/wav").send(Buffer.from(wavOf(clip.pcm16, clip.sampleRateHz).buffer));
  });
}

function done(decision: Decision, id: string): IncidentState {
  if (decision.kind === "done") return decision.state;
  if (decision.kind === "absent") throw new Refusal(404, `there is no incident '${id}'`);
  throw new Refusal(decision.conflict ? 409 : 422, decision.why);
}
