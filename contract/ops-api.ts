/**
 * What the ops console and the gateway say to each other over HTTP and the live WebSocket. All paths below `/api`,
 * all but `POST /api/session` need the session cookie; a refusal is `{ error, field?, fix? }` with a 4xx status.
 *
 *   POST   /api/session                       Login              -> Session (sets the cookie)
 *   GET    /api/session                                          -> Session | 401
 *   DELETE /api/session                                          -> 204
 *   GET    /api/site                                             -> SiteView
 *   GET    /api/streets.geojson                                  -> GeoJSON lines with `name`
 *   GET    /api/incidents?limit=200&before=<incident>&status=... -> { incidents: IncidentState[], total }   newest first
 *   GET    /api/incidents/:id                                    -> IncidentDetail
 *   POST   /api/incidents/:id/take            {}                 -> IncidentState
 *   POST   /api/incidents/:id/verdict         VerdictAsk         -> IncidentState | 409 when the version moved on
 *   POST   /api/incidents/:id/note            { text }           -> IncidentState
 *   GET    /api/incidents/:id/clips/:arrival                     -> audio/wav
 *   GET    /api/incidents/:id/evidence                           -> EvidenceBundle (signed JSON)
 *   WS     /api/live                                             -> LiveEvent, a `snapshot` first
 */
import * as v from "valibot";
import type { CallerView } from "./caller.ts";
import type { FlightState } from "./flight.ts";
import { type IncidentState, IncidentStatus } from "./incident.ts";
import type { NodeState } from "./node.ts";
import type { ShotFixed } from "./shot.ts";
import { Count, Name } from "./units.ts";
import type { StreamView } from "./video.ts";

export const Login = v.object({ user: Name, password: v.pipe(v.string(), v.minLength(1), v.maxLength(200)) });
export type Login = v.InferOutput<typeof Login>;

export type UserRole = "dispatch" | "pilot" | "technician" | "reviewer" | "admin";

export interface Session {
  user: string;
  roles: UserRole[];
  /** RFC 3339. */
  expires: string;
}

export const VerdictAsk = v.object({
  status: IncidentStatus,
  /** Asked of every verdict; usual ones have a key of their own in the console. */
  reason: v.pipe(v.string(), v.trim(), v.minLength(1, "a reason is needed"), v.maxLength(500)),
  /** The version the person was looking at. */
  version: Count,
});
export type VerdictAsk = v.InferOutput<typeof VerdictAsk>;

export const NoteAsk = v.object({ text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(2000)) });

export interface SiteView {
  site: string;
  /** For people, such as "Brownsville". */
  title: string;
  timeZone: string;
  centre: { lat: number; lon: number };
  nodes: { id: string; lat: number; lon: number; altM: number; label?: string }[];
}

/** One entry of an incident's append-only record. `hash` covers the entry and `previousHash` (SHA-256 of canonical JSON). */
export interface TimelineEntry {
  seq: number;
  at: string;
  kind:
    | "opened"
    | "placed"
    | "shot"
    | "notice"
    | "acknowledged"
    | "taken"
    | "verdict"
    | "note"
    | "clip"
    | "viewed"
    | "flight"
    | "video"
    | "backup"
    | "face"
    | "caller";
  by: string;
  /** In words, for people. */
  text: string;
  /** The facts, for machines. */
  data: unknown;
  /** Text and data are not for the reader's role: what a caller said, whom a match could mean, pictures. */
  withheld?: true;
  previousHash: string;
  hash: string;
}

export interface IncidentDetail {
  incident: IncidentState;
  shots: ShotFixed[];
  timeline: TimelineEntry[];
  chain: { ok: boolean; length: number; brokenAtSeq?: number };
  /** Arrivals whose clip is here, or was withheld by the voice gate. */
  clips: { arrival: string; node: string; start: string; onsetS: number; sampleRateHz: number; withheld: boolean }[];
}

export interface Health {
  bus: "ok" | "down";
  flows: "ok" | "restarting" | "down";
  /** Why the flows stand still and what to do, where they do. */
  flowsNote?: string;
  relay?: "ok" | "restarting" | "down";
  /** Of the nodes that are there and have a clock: `synchronised` counts those that are sure enough of theirs besides. */
  clocks: { synchronised: number; total: number };
  /** Messages waiting, disk left and the like, for the status line's tooltip. */
  detail: Record<string, number>;
}

/** `seq` counts without gaps on one connection; `at` is the gateway's time, so that a picture can show its age. A `health` comes every second. */
export type LiveEvent = { seq: number; at: string } & (
  | { type: "snapshot"; incidents: IncidentState[]; total: number; nodes: NodeState[]; health: Health }
  | { type: "incident"; incident: IncidentState }
  | { type: "node"; node: NodeState }
  | { type: "health"; health: Health }
  | { type: "flight"; state: FlightState }
  | { type: "caller"; caller: CallerView }
  /** Streams that changed; a console asks for all of them (`GET /api/video/streams`) when it connects. */
  | { type: "video"; streams: StreamView[] }
  /** A message of another channel. `incident/entry` (`{ incident, kind }`) says that a record has grown. */
  | { type: "message"; channel: string; message: unknown }
);
