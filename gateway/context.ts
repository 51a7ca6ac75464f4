/** What the parts of the gateway (dispatch, flows, video relay) get to work with. `main.ts` makes it; a part never reaches around it. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Channel, MessageOf } from "#contract/channel.ts";
import type { Place } from "#contract/geo.ts";
import type { IncidentState } from "#contract/incident.ts";
import type { Health, LiveEvent, Session, TimelineEntry, UserRole } from "#contract/ops-api.ts";
import type { Report } from "#core/review/report.ts";
import type { GatewayConfig } from "./config.ts";
import type { Decision } from "./incidents/incidents.ts";
import type { VideoService } from "./video/service.ts";

/** The bus seen from inside the hub: no socket, no outbox; what is published is in the broker when the promise resolves. */
export interface HubBus {
  /**
   * @param options.to the addressee, for channels that are addressed `to`; the sender is the gateway.
   * @param options.urgent leaves at once for those who are connected, and once more (as repeats of QoS 1 may) when it is on disk for the others.
   */
  publish<C extends Channel>(
    channel: C,
    message: MessageOf<C>,
    options?: { to?: string; urgent?: boolean },
  ): Promise<void>;
  /** Every node's messages of a channel, already checked against its schema. Repeats of QoS 1 do come through. */
  subscribe<C extends Channel>(
    channel: C,
    handler: (message: MessageOf<C>, from: { node: string }) => void | Promise<void>,
  ): Promise<void>;
}

/** An event on the live connection, before it is numbered and dated. */
export type LiveBody = LiveEvent extends infer E ? (E extends LiveEvent ? Omit<E, "seq" | "at"> : never) : never;

export interface GatewayContext {
  readonly config: GatewayConfig;
  readonly bus: HubBus;
  readonly log: Logger;
  readonly metrics: Registry;
  /** Routes may be added until the gateway listens. Those under `/api` are behind the log-in. */
  readonly http: FastifyInstance;
  /** The logged-in person of a request. @throws 403 unless they have one of the roles. */
  sessionOf(request: FastifyRequest, ...roles: UserRole[]): Session;
  /** Sends to every console. */
  broadcast(event: LiveBody): void;
  /**
   * Puts a fact on an incident's append-only record. Resolves when it is on disk.
   * @param by node or person. @returns undefined when there is no such incident.
   */
  record(
    incident: string,
    kind: TimelineEntry["kind"],
    by: string,
    text: string,
    data: unknown,
  ): TimelineEntry | undefined;
  /** True the first time for a key, also over restarts: what comes again and again on the bus is recorded once. */
  once(kind: string, key: string, incident: string): boolean;
  /** Opens an incident that no shot opens (a call, a robot's event), or adds to it. On disk when it returns. @param by node or person. */
  report(report: Report, by: string): Decision;
  /** As `record`, once for each `key`: fact and key go to disk together. @returns undefined also where it stood there already. */
  recordOnce(
    key: { of: string; is: string },
    incident: string,
    kind: TimelineEntry["kind"],
    by: string,
    text: string,
    data: unknown,
  ): TimelineEntry | undefined;
  /** Where an incident is, known better or anew: a new version of it. */
  place(incident: string, place: Place, by: string, text: string): Decision;
  incident(id: string): IncidentState | undefined;
  /** The newest ones, as far as a console's first picture goes back. */
  recentIncidents(): IncidentState[];
  /** An incident's record, oldest first. */
  timeline(incident: string): TimelineEntry[];
  /** Called after each new version of an incident is on disk. @param first before all others: who sends somebody there. */
  onIncident(listener: (state: IncidentState) => void, first?: boolean): void;
  /** What the broker keeps of a retained channel, one message for each node: asked for at the start, before new ones come. */
  retained<C extends Channel>(channel: C): Promise<MessageOf<C>[]>;
  /** Set by the video part, which starts before those that use it; undefined where video is switched off. */
  video?: VideoService;
  /** Adds to what `Health` says. */
  health(more: () => Partial<Health>): void;
  /** Runs when the gateway stops, before HTTP, broker and stores close; the last part to start is the first to end. */
  onClose(work: () => Promise<void>): void;
  /** Aborts when the gateway stops. */
  readonly signal: AbortSignal;
}

/** A part of the gateway: subscribes, adds its routes, and resolves when it is ready. Its end is `signal`. */
export type Part = (context: GatewayContext) => Promise<void>;
