/** Faces over HTTP, as `contract/face.ts` has them. Every look at a picture stands on the audit chain before it is shown. */
import * as v from "valibot";
import { FaceListAsk, FaceMatchStatus, FaceVerdictAsk } from "#contract/face-api.ts";
import type { UserRole } from "#contract/ops-api.ts";
import { Id } from "#contract/units.ts";
import type { GatewayContext } from "../context.ts";
import { parseBody, Refusal } from "../http/refusal.ts";
import type { FacesPart } from "./part.ts";

const Listing = v.object({
  status: v.optional(FaceMatchStatus),
  limit: v.optional(v.pipe(v.string(), v.toNumber(), v.integer(), v.minValue(1), v.maxValue(500)), "50"),
});
const AuditListing = v.object({
  limit: v.optional(v.pipe(v.string(), v.toNumber(), v.integer(), v.minValue(1), v.maxValue(1000)), "200"),
  before: v.optional(v.pipe(v.string(), v.toNumber(), v.integer(), v.minValue(1))),
});
const RevokeAsk = v.object({ jws: v.pipe(v.string(), v.maxLength(20_000)) });
/** A list of the largest size with its pictures. */
const LIST_BYTES = 8_000_000;

const reviewers: UserRole[] = ["reviewer", "dispatch"];
type WithId = { Params: { id: string } };

export function addFaceRoutes({ http: app, sessionOf }: GatewayContext, part: FacesPart): void {
  const { matches, lists, audit } = part;
  const known = (id: string) => {
    const view = matches.view(id);
    if (!view) throw new Refusal(404, `there is no match '${id}'`);
    return view;
  };

  app.get("/api/faces", async (request) => {
    sessionOf(request);
    return part.view();
  });

  app.get("/api/faces/matches", async (request) => {
    sessionOf(request, ...reviewers);
    const { status, limit } = parseBody(Listing, request.query);
    return matches.list(status, limit);
  });

  app.get<WithId>("/api/faces/matches/:id", async (request) => {
    const { user } = sessionOf(request, ...reviewers);
    const match = known(request.params.id);
    part.looked(match.match, user, "the match");
    return { match, history: matches.history(match.match), entries: audit.ofMatch(match.match) };
  });

  app.get<WithId>("/api/faces/matches/:id/probe", async (request, reply) => {
    const { user } = sessionOf(request, ...reviewers);
    const { match } = known(request.params.id);
    const probe = matches.probe(match);
    if (!probe)
      throw new Refusal(404, "there is no picture of this match", { fix: "it is past its time, or was not sent" });
    part.looked(match, user, "its probe");
    return reply.type("image/jpeg").send(Buffer.from(probe.chipJpeg, "base64"));
  });

  app.get<WithId>("/api/faces/matches/:id/gallery", async (request, reply) => {
    const { user } = sessionOf(request, ...reviewers);
    const { match, list, person } = known(request.params.id);
    const picture = lists.picture(list.id, person);
    if (!picture)
      throw new Refusal(404, `there is no picture of '${person}' here`, {
        fix: "the list is gone, or was delivered without pictures",
      });
    part.looked(match, user, `the picture of ${person}`);
    return reply.type("image/jpeg").send(picture);
  });

  app.post<WithId>("/api/faces/matches/:id/verdict", async (request) => {
    const { user } = sessionOf(request, ...reviewers);
    const judged = part.judge(request.params.id, user, parseBody(FaceVerdictAsk, request.body));
    if (judged.kind === "absent") throw new Refusal(404, `there is no match '${request.params.id}'`);
    if (judged.kind === "refused") throw new Refusal(judged.conflict ? 409 : 422, judged.why);
    return judged.view;
  });

  app.get("/api/faces/lists", async (request) => {
    sessionOf(request, ...reviewers);
    return { lists: part.listViews() };
  });

  app.post("/api/faces/lists", { bodyLimit: LIST_BYTES }, async (request) => {
    const { user } = sessionOf(request, "admin");
    const done = await part.enrol(parseBody(FaceListAsk, request.body), user);
    if (done.kind === "refused") throw new Refusal(422, done.why.join("; "));
    return part.listViews().find(({ id }) => id === done.id);
  });

  app.post<WithId>("/api/faces/lists/:id/revoke", async (request) => {
    const { user } = sessionOf(request, "admin");
    const id = parseBody(Id, request.params.id);
    const done = await part.revoke(id, parseBody(RevokeAsk, request.body).jws, user);
    if (done.kind === "refused") throw new Refusal(422, done.why.join("; "));
    return part.listViews().find((list) => list.id === id);
  });

  app.get("/api/faces/audit", async (request) => {
    sessionOf(request, ...reviewers);
    const { limit, before } = parseBody(AuditListing, request.query);
    return audit.read(limit, before);
  });
}
