/** The live connection to every console: numbered events, a bounded queue for each, slow ones cut off. */
import type { WebSocket } from "@fastify/websocket";
import { type BackupState, backupState } from "#contract/backup.ts";
import type { LiveEvent, Session, UserRole } from "#contract/ops-api.ts";
import type { LiveBody } from "./context.ts";
import { type About, backupFor, caseRoles, faceRoles, flightFor, incidentFor } from "./http/for-role.ts";
import { nowUtc } from "./now.ts";

/** Bytes that may wait for one console. Above the first, what the next event replaces anyway is left out; above the second it is cut off. */
export const DROP_ABOVE_BYTES = 1_000_000;
export const CLOSE_ABOVE_BYTES = 4_000_000;
/** "Try again later" (IANA registry of WebSocket close codes). */
const TRY_AGAIN_LATER = 1013;
/** Ours: HTTP's 401 in the range for applications. */
const LOGGED_OUT = 4401;

/**
 * Who hears what is about one person, or what a colleague typed, by event, for a `message` by channel: what a caller says, and why somebody
 * calls for backup, is not for those who look after the machines; whom a match could mean only for those who may judge it, as are the words
 * of notices and acknowledgements, whatever their incident is about. What does not stand here goes to everybody.
 */
const rolesOf: ReadonlyMap<string, readonly UserRole[]> = new Map([
  ["caller", caseRoles],
  ["caller/said", caseRoles],
  [backupState.name, caseRoles],
  ["incident/notice", faceRoles],
  ["incident/acknowledge", faceRoles],
  ["face/match", faceRoles],
]);

/** Said again every second or at every change: a missed one is made good by the next. */
const replaceable = new Set<LiveBody["type"]>(["health", "node", "flight"]);

export class Live {
  readonly #clients = new Map<WebSocket, { seq: number; user: string; roles: readonly UserRole[] }>();
  readonly counters = { sent: 0, dropped: 0, closedSlow: 0 };

  readonly #kindOf: (incident: string) => About | undefined;

  /** @param kindOf what an incident is about; undefined where there is no such incident. */
  constructor(kindOf: (incident: string) => About | undefined) {
    this.#kindOf = kindOf;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Numbers start at 1 with the snapshot. */
  add(socket: WebSocket, { user, roles, expires }: Session, snapshot: LiveBody): void {
    this.#clients.set(socket, { seq: 0, user, roles });
    const end = setTimeout(() => socket.close(LOGGED_OUT, "the session is over"), Date.parse(expires) - Date.now());
    end.unref();
    socket.on("close", () => {
      clearTimeout(end);
      this.#clients.delete(socket);
    });
    socket.on("error", () => socket.terminate());
    this.#send(socket, bodyFor(roles, snapshot, undefined));
  }

  broadcast(event: LiveBody): void {
    const allowed = rolesOf.get(event.type === "message" ? event.channel : event.type);
    const incident = event.type === "flight" ? event.state.incident : callOf(event)?.incident;
    const about = incident === undefined ? undefined : this.#kindOf(incident);
    for (const [socket, { roles }] of this.#clients)
      if (!allowed || roles.some((role) => allowed.includes(role))) this.#send(socket, bodyFor(roles, event, about));
  }

  /** Ends the connections of a person who logged out. */
  dismiss(user: string): void {
    for (const [socket, client] of this.#clients) if (client.user === user) socket.close(LOGGED_OUT, "logged out");
  }

  close(): void {
    for (const socket of this.#clients.keys()) socket.close(1001, "the gateway stops");
  }

  #send(socket: WebSocket, event: LiveBody): void {
    const client = this.#clients.get(socket);
    if (!client || socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > CLOSE_ABOVE_BYTES) {
      this.counters.closedSlow++;
      this.#clients.delete(socket);
      socket.close(TRY_AGAIN_LATER, "too slow");
      // A frozen peer never answers the close.
      setTimeout(() => socket.terminate(), 1_000).unref();
      return;
    }
    if (socket.bufferedAmount > DROP_ABOVE_BYTES && replaceable.has(event.type)) {
      this.counters.dropped++;
      return;
    }
    client.seq++;
    this.counters.sent++;
    socket.send(JSON.stringify({ seq: client.seq, at: nowUtc(), ...event } as LiveEvent));
  }
}

/** @param about of a flight or a call for backup: what its incident is about. */
function bodyFor(roles: readonly UserRole[], body: LiveBody, about: About | undefined): LiveBody {
  if (body.type === "flight") return { ...body, state: flightFor(roles, body.state, about) };
  const call = callOf(body);
  if (call && body.type === "message") return { ...body, message: backupFor(roles, call, about) };
  if (body.type === "incident") return { ...body, incident: incidentFor(roles, body.incident) };
  if (body.type === "snapshot")
    return { ...body, incidents: body.incidents.map((incident) => incidentFor(roles, incident)) };
  return body;
}

function callOf(body: LiveBody): BackupState | undefined {
  return body.type === "message" && body.channel === backupState.name ? (body.message as BackupState) : undefined;
}
