/** All streams and sessions of the relay: who may begin one, what ends it. */
import { randomBytes } from "node:crypto";
import type { RTCPeerConnection } from "werift";
import type { VideoClaims } from "#contract/video.ts";
import { Refusal } from "../http/refusal.ts";
import { readReferenceTimes } from "./extended-reports.ts";
import { Ingest } from "./ingest.ts";
import { answerOffer, type IceOptions, makePeer } from "./peer.ts";
import { fragmentOf } from "./sdp-fragment.ts";
import { Stream } from "./stream.ts";
import { Viewer } from "./viewer.ts";

/** A peer that is not connected by then never will be. */
const CONNECT_MS = 15_000;
/** For the farewell on the data channel to leave before the connection ends. */
const FAREWELL_MS = 50;
const TICK_MS = 1_000;
/** The longest that `setTimeout` waits; a token is minutes long. */
const TIMER_MAX_MS = 2_147_000_000;

export interface Limits {
  streams: number;
  viewersPerStream: number;
  sessions: number;
}

export interface Session {
  id: string;
  role: "publisher" | "viewer";
  stream: Stream;
  claims: VideoClaims;
  peer: RTCPeerConnection;
  etag: string;
  connected: boolean;
  /** Fires when its token ends. */
  expiry?: NodeJS.Timeout;
  /** Fires when it should long be connected. */
  late?: NodeJS.Timeout;
  /** Of a publisher. */
  ingest?: Ingest;
}

export interface RelayHooks {
  /** For the gateway's record and its consoles. */
  event(event: RelayEvent): void;
  log(level: "info" | "warn" | "error", facts: Record<string, unknown>, text: string): void;
}

export type RelayEvent =
  | {
      type: "joined" | "left";
      role: Session["role"];
      session: string;
      stream: string;
      sub: string;
      incident?: string;
      why?: string;
    }
  | { type: "changed"; stream: string };

export interface RelayOptions {
  ice: IceOptions;
  limits: Limits;
  hooks: RelayHooks;
  nowMs?: () => number;
}

const clock = () => performance.timeOrigin + performance.now();

export class Relay {
  readonly streams = new Map<string, Stream>();
  readonly sessions = new Map<string, Session>();
  readonly counters = { expired: 0, replaced: 0, failed: 0, refused: 0 };
  readonly #options: RelayOptions;
  readonly #nowMs: () => number;
  readonly #tick: NodeJS.Timeout;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? clock;
    readReferenceTimes();
    this.#tick = setInterval(() => this.#everySecond(), TICK_MS);
  }

  /** A recording is the gateway's own wish and made beyond the limit; peers ask `#admit` before. */
  stream(name: string): Stream {
    let stream = this.streams.get(name);
    if (!stream) this.streams.set(name, (stream = new Stream(name, this.#nowMs)));
    return stream;
  }

  /** @throws Refusal 400, 406, 409, 503. The same publisher's new session takes the place of its old one. */
  publish(claims: VideoClaims, offer: string): Promise<{ session: Session; answer: string }> {
    return this.#meet("publisher", claims, offer, (session, stream) => {
      const own = stream.publisher;
      if (own) {
        this.counters.replaced++;
        this.end(own.session, "the publisher began a new session");
        // Its end may have been the stream's.
        this.streams.set(stream.name, stream);
      }
      session.ingest = new Ingest(claims, {
        media: (media) => stream.take(session.id, media),
        clock: (kind, ntp, timestamp) => stream.clock(session.id, kind, ntp, timestamp),
        knows: (kind, index) => stream.caches[kind].knows(index),
        lostForGood: () => stream.lostForGood(session.id),
        nowMs: this.#nowMs,
      });
      session.ingest.attach(session.peer);
      stream.publish(session.id, claims.sub, session.ingest);
    });
  }

  /** A viewer may come before its publisher: the picture starts when there is one. */
  view(claims: VideoClaims, offer: string): Promise<{ session: Session; answer: string }> {
    return this.#meet("viewer", claims, offer, (session, stream) => {
      const viewer = new Viewer(claims, {
        caches: stream.caches,
        askKeyframe: () => stream.askKeyframe(),
        nowMs: this.#nowMs,
      });
      stream.addViewer(session.id, viewer);
    });
  }

  /**
   * Candidates that a client found later (RFC 9725, 4.3.1), and longer life with a newer token.
   * @throws Refusal 412 or 428 where the entity tag is wrong or missing, 422 for an ICE restart: werift knows none, a new session does it.
   */
  async patch(session: Session, claims: VideoClaims, fragment: string, ifMatch: string | undefined): Promise<void> {
    if (fragment.trim() !== "") {
      if (ifMatch === undefined) throw new Refusal(428, "If-Match is missing", { field: "if-match" });
      const { ufrag, candidates } = fragmentOf(fragment);
      const known = session.peer.iceTransports[0]?.getRemoteParameters()?.usernameFragment;
      if (ifMatch === "*" || (ufrag !== undefined && known !== undefined && ufrag !== known)) {
        throw new Refusal(422, "ICE is not restarted here", { fix: "make a new session" });
      }
      if (ifMatch !== session.etag)
        throw new Refusal(412, "the entity tag is not this session's", { field: "if-match" });
      for (const candidate of candidates) await session.peer.addIceCandidate(candidate);
    }
    if (claims.exp > session.claims.exp) {
      session.claims = { ...claims, media: session.claims.media, codecs: session.claims.codecs };
      session.stream.participants.renew(session.id, session.claims);
      this.#expire(session);
    }
  }

  end(id: string, why: string): void {
    const session = this.sessions.get(id);
    if (!session) return;
    this.sessions.delete(id);
    clearTimeout(session.expiry);
    clearTimeout(session.late);
    const { stream, role, claims } = session;
    stream.participants.tell({ type: "end", why, at: Math.round(this.#nowMs()) }, id);
    stream.participants.remove(id);
    if (role === "publisher") stream.unpublish(id, why);
    else stream.removeViewer(id);
    setTimeout(() => void session.peer.close().catch(() => {}), FAREWELL_MS);
    const incident = claims.incident;
    this.#options.hooks.event({
      type: "left",
      role,
      session: id,
      stream: stream.name,
      sub: claims.sub,
      why,
      ...(incident !== undefined && { incident }),
    });
    if (stream.empty) this.streams.delete(stream.name);
  }

  /** Ends every session that fits. */
  endWhere(fits: (session: Session) => boolean, why: string): number {
    const ended = [...this.sessions.values()].filter(fits);
    for (const { id } of ended) this.end(id, why);
    return ended.length;
  }

  /** To be called when nothing taps a stream any more. */
  tidy(name: string): void {
    if (this.streams.get(name)?.empty) this.streams.delete(name);
  }

  async close(why: string): Promise<void> {
    clearInterval(this.#tick);
    this.endWhere(() => true, why);
    await new Promise((resolve) => setTimeout(resolve, 2 * FAREWELL_MS));
  }

  /** @throws Refusal 409 beside another publisher, 503 where the relay or the stream is full. */
  #admit(role: Session["role"], { stream: name, sub }: VideoClaims): void {
    const { streams, viewersPerStream, sessions } = this.#options.limits;
    const stream = this.streams.get(name);
    const present = role === "publisher" ? stream?.publisher : undefined;
    if (present && present.sub !== sub) throw new Refusal(409, `'${present.sub}' publishes '${name}' already`);
    // Who comes back takes the place of its own old session, also in a full house.
    const full =
      this.sessions.size >= sessions && !present
        ? "the relay has all the sessions it takes"
        : !stream && this.streams.size >= streams
          ? "the relay has all the streams it takes"
          : role === "viewer" && (stream?.viewers.size ?? 0) >= viewersPerStream
            ? `'${name}' has all the viewers it takes`
            : undefined;
    if (full === undefined) return;
    this.counters.refused++;
    throw new Refusal(503, full);
  }

  /** What is refused on the way leaves no peer behind: nobody else would close it. @param join at once with the admission: ten may have been answered meanwhile. */
  async #meet(
    role: Session["role"],
    claims: VideoClaims,
    offer: string,
    join: (session: Session, stream: Stream) => void,
  ): Promise<{ session: Session; answer: string }> {
    this.#admit(role, claims);
    const peer = makePeer(role, claims, this.#options.ice);
    try {
      const answer = await answerOffer(peer, role, offer);
      this.#admit(role, claims);
      const stream = this.stream(claims.stream);
      const session = this.#open(role, claims, peer, stream);
      join(session, stream);
      return { session, answer };
    } catch (error) {
      void peer.close().catch(() => {});
      if (error instanceof Refusal) throw error;
      throw new Refusal(400, `the offer cannot be answered: ${(error as Error).message}`, { field: "body" });
    }
  }

  #open(role: Session["role"], claims: VideoClaims, peer: RTCPeerConnection, stream: Stream): Session {
    const session: Session = {
      id: randomBytes(16).toString("base64url"),
      role,
      stream,
      claims,
      peer,
      etag: `"${randomBytes(9).toString("base64url")}"`,
      connected: false,
    };
    this.sessions.set(session.id, session);
    stream.participants.add(session.id, role, claims);
    peer.onDataChannel.subscribe((channel) => stream.participants.open(session.id, channel, stream.state()));
    peer.connectionStateChange.subscribe((state) => {
      if (state === "connected") this.#connected(session);
      if (state === "failed" || state === "closed" || state === "disconnected")
        this.end(session.id, `the connection is ${state}`);
    });
    session.late = setTimeout(() => {
      if (session.connected) return;
      this.counters.failed++;
      this.end(session.id, `no connection within ${CONNECT_MS / 1000} s`);
    }, CONNECT_MS);
    this.#expire(session);
    return session;
  }

  #connected(session: Session): void {
    if (session.connected || this.sessions.get(session.id) !== session) return;
    session.connected = true;
    const { role, stream, claims } = session;
    if (role === "viewer") stream.viewers.get(session.id)?.connected(session.peer);
    else session.ingest?.askKeyframe();
    const incident = claims.incident;
    this.#options.hooks.event({
      type: "joined",
      role,
      session: session.id,
      stream: stream.name,
      sub: claims.sub,
      ...(incident !== undefined && { incident }),
    });
  }

  /** A token's end is its session's end. */
  #expire(session: Session): void {
    clearTimeout(session.expiry);
    const leftMs = session.claims.exp * 1000 - this.#nowMs();
    session.expiry = setTimeout(
      () => {
        if (session.claims.exp * 1000 > this.#nowMs()) return this.#expire(session);
        this.counters.expired++;
        this.end(session.id, "the token has run out");
      },
      Math.min(TIMER_MAX_MS, Math.max(0, leftMs)),
    );
  }

  #everySecond(): void {
    for (const stream of this.streams.values()) {
      if (stream.tick()) this.#options.hooks.event({ type: "changed", stream: stream.name });
    }
  }
}
