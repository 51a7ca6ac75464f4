/** What consoles ask of video, as `contract/video.ts` has it. All of it is behind the log-in; each look is on the incident's record. */
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import * as v from "valibot";
import type { UserRole } from "#contract/ops-api.ts";
import { type IncidentVideo, RecordAsk, StreamName, WatchAsk, type WatchGrant } from "#contract/video.ts";
import type { GatewayContext } from "../context.ts";
import { parseBody, Refusal } from "../http/refusal.ts";
import { Looks } from "./looks.ts";
import type { RecordOrders } from "./record-orders.ts";
import type { Recordings } from "./recordings.ts";
import type { VideoService } from "./service.ts";
import type { Snapshots, Stills } from "./stills.ts";
import type { Wants } from "./wants.ts";

/** Who may look at live pictures, and at recordings. A technician aims cameras with the local preview. */
const lookers: UserRole[] = ["dispatch", "pilot", "reviewer"];
/** Watching is wanted for so long at a time; the console asks again. */
export const WATCH_S = 120;
/** A recording that a person began goes on until a person ends it, and no longer than half a shift. */
const RECORD_S = 4 * 3_600;
const SNAPSHOT_MAX_BYTES = 4_000_000;

interface Parts {
  context: GatewayContext;
  service: VideoService;
  wants: Wants;
  orders: RecordOrders;
  recordings: Recordings;
  snapshots: Snapshots;
  stills: Stills;
  /** A look that no incident stands for. */
  lookWithout(user: string, stream: string): void;
}

const SnapshotQuery = v.object({ stream: StreamName, incident: v.string() });

/** The phone of somebody who called, or the operator's answer to them. */
export function isCallers(stream: string): boolean {
  return /^(caller|operator)-/.test(stream);
}

/** A node sends video only; callers' streams have voice. */
export function kindsOf(stream: string): ("video" | "audio")[] {
  return isCallers(stream) ? ["video", "audio"] : ["video"];
}

export async function addVideoRoutes(app: FastifyInstance, parts: Parts): Promise<void> {
  const { context, service, wants, orders, recordings, snapshots, stills } = parts;
  const { sessionOf, record } = context;
  const incidentOf = (id: string) => {
    if (!context.incident(id)) throw new Refusal(404, `there is no incident '${id}'`);
    return id;
  };
  const known = (stream: string) => {
    const view = service.stream(stream);
    if (!view) throw new Refusal(404, `there is no stream '${stream}'`, { field: "stream" });
    return view;
  };
  const look = (stream: string, user: string, what: string, data: object) => {
    const incidents = wants.incidentsOf(stream);
    for (const id of incidents) record(id, "viewed", user, what, data);
    if (incidents.length === 0) parts.lookWithout(user, stream);
  };

  const looks = new Looks();
  /** A renewal goes on from a recorded look; where there is none lately it is a look like any other, also for an incident that came since. */
  const watches = (stream: string, incident: string | undefined, user: string, renew: boolean) => {
    const incidents = incident === undefined ? wants.incidentsOf(stream) : [incident];
    const isNew = (of: string) => !looks.note(user, stream, of) || !renew;
    for (const id of incidents) if (isNew(id)) record(id, "viewed", user, `watches ${stream}`, { stream });
    if (incidents.length === 0 && isNew("")) parts.lookWithout(user, stream);
  };

  app.get("/api/video/streams", async (request) => {
    sessionOf(request, ...lookers, "technician");
    return { streams: service.streams() };
  });

  app.post("/api/video/watch", async (request): Promise<WatchGrant> => {
    const session = sessionOf(request, ...lookers);
    const { stream, incident, renew } = parseBody(WatchAsk, request.body);
    const view = known(stream);
    if (incident !== undefined) incidentOf(incident);
    const { user, roles } = session;
    const key = `viewer:${user}`;
    service.want(stream, { key, by: user, forS: WATCH_S, ...(incident !== undefined && { incident }) });
    watches(stream, incident, user, renew);
    const grant = await service.grant({
      act: "view",
      stream,
      sub: user,
      media: kindsOf(stream),
      data: roles.some((role) => role === "dispatch" || role === "pilot" || role === "admin") ? "write" : "read",
      name: user,
      ...(incident !== undefined && { incident }),
    });
    const { token, expires, iceServers, url } = grant;
    return { stream, whepUrl: url, token, expires, iceServers, view };
  });

  app.post("/api/video/record", async (request) => {
    const { user } = sessionOf(request, "dispatch", "pilot");
    const { stream, incident, act } = parseBody(RecordAsk, request.body);
    const view = known(stream);
    incidentOf(incident);
    if (!context.config.video.record.enabled) throw new Refusal(409, "recording is switched off in the configuration");
    if (act === "start") {
      service.want(stream, {
        key: `record:${incident}`,
        by: user,
        forS: RECORD_S,
        incident,
      });
      service.record({ stream, incident, media: kindsOf(stream), by: user });
    } else {
      service.unrecord(stream, incident, user);
      service.unwant(stream, `record:${incident}`);
    }
    return service.stream(stream) ?? view;
  });

  app.get<{ Params: { stream: string } }>("/api/video/still/:stream", async (request, reply) => {
    const { user } = sessionOf(request, ...lookers);
    const { stream } = request.params;
    known(stream);
    service.want(stream, { key: `still:${user}`, by: user, forS: 30 });
    lookOnce(user, stream);
    const jpeg = await stills.still(stream);
    if (!jpeg) throw new Refusal(404, `there is no picture of '${stream}' yet`, { fix: "ask again in a second" });
    return reply.type("image/jpeg").send(jpeg);
  });
  /** Stills come every second or two: ten minutes of them are one look. */
  const stillLooks = new Map<string, number>();
  const lookOnce = (user: string, stream: string) => {
    const key = `${user} ${stream}`;
    if (Date.now() - (stillLooks.get(key) ?? 0) < 600_000) return;
    for (const [old, atMs] of stillLooks) if (Date.now() - atMs > 600_000) stillLooks.delete(old);
    stillLooks.set(key, Date.now());
    look(stream, user, `looks at stills of ${stream}`, { stream });
  };

  app.get<{ Params: { id: string } }>("/api/incidents/:id/video", async (request): Promise<IncidentVideo> => {
    sessionOf(request, ...lookers);
    const incident = incidentOf(request.params.id);
    const names = new Set([...wants.streamsOf(incident), ...orders.streamsOf(incident)]);
    const list = recordings.archive.list(incident);
    for (const { stream } of list) names.add(stream);
    return {
      incident,
      streams: [...names].flatMap((name) => service.stream(name) ?? []),
      recordings: list,
      gaps: orders.gaps(incident),
      snapshots: snapshots.list(incident),
    };
  });

  app.get<{ Params: { recording: string } }>("/api/video/recordings/:recording/video", async (request, reply) => {
    const { user } = sessionOf(request, ...lookers);
    const { recording } = request.params;
    const found = recordings.archive.find(recording);
    if (!found) throw new Refusal(404, `there is no recording '${recording}'`);
    const pieces = recordings.read(recording);
    const first = await pieces.next();
    if (first.done) throw new Refusal(410, "the recording is deleted: its time is over");
    record(found.incident, "viewed", user, `opened the recording of ${found.stream}`, {
      recording,
      stream: found.stream,
    });
    async function* all() {
      yield first.value as Buffer;
      yield* pieces;
    }
    return reply
      .type(found.format === "mp4" ? "video/mp4" : "video/webm")
      .header("content-disposition", `inline; filename="${found.stream}-${recording}.${found.format}"`)
      .send(Readable.from(all()));
  });

  await app.register(async (part) => {
    part.addContentTypeParser("image/jpeg", { parseAs: "buffer", bodyLimit: SNAPSHOT_MAX_BYTES }, (_, body, done) =>
      done(null, body),
    );
    part.post("/api/video/snapshot", { bodyLimit: SNAPSHOT_MAX_BYTES }, async (request: FastifyRequest) => {
      const { user } = sessionOf(request, "dispatch", "pilot");
      const { stream, incident } = parseBody(SnapshotQuery, request.query);
      known(stream);
      incidentOf(incident);
      const jpeg = request.body as Buffer;
      if (!Buffer.isBuffer(jpeg) || jpeg.length < 100 || jpeg.readUInt16BE(0) !== 0xffd8)
        throw new Refusal(415, "the body must be image/jpeg", { field: "body" });
      const view = await snapshots.keep(stream, incident, user, jpeg);
      record(incident, "video", user, `snapshot of ${stream}`, view);
      return view;
    });
  });
  app.get<{ Params: { snapshot: string } }>("/api/video/snapshots/:snapshot", async (request, reply) => {
    const { user } = sessionOf(request, ...lookers);
    const found = await snapshots.open(request.params.snapshot);
    if (!found) throw new Refusal(404, `there is no snapshot '${request.params.snapshot}'`);
    record(found.view.incident, "viewed", user, `opened a snapshot of ${found.view.stream}`, {
      snapshot: found.view.snapshot,
    });
    return reply.type("image/jpeg").send(found.jpeg);
  });
}
