/** One WHIP (RFC 9725) or WHEP session: offer, answer, prolonging by PATCH, end by DELETE. Never restarted: a new one is made. */
import type { MediaGrant } from "#contract/caller.ts";
import { withRoundTrip } from "./round-trip.ts";

/** Candidates found so far go with the offer; slow TURN servers must not hold up the first picture. */
const GATHER_MS = 1_500;
const ANSWER_MS = 10_000;
/** ICE may recover from "disconnected" by itself for so long. */
const PATIENCE_MS = 5_000;

export interface PeerEvents {
  live: () => void;
  /** The session is over and not by us. */
  lost: () => void;
}

export class Peer {
  readonly connection: RTCPeerConnection;
  readonly #grant: MediaGrant;
  readonly #events: PeerEvents;
  #location: string | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #starting: Promise<void> | undefined;
  #closed = false;

  constructor(grant: MediaGrant, events: PeerEvents) {
    this.#grant = grant;
    this.#events = events;
    this.connection = new RTCPeerConnection({
      iceServers: grant.iceServers as RTCIceServer[],
      bundlePolicy: "max-bundle",
    });
    this.connection.onconnectionstatechange = () => this.#changed();
  }

  #changed(): void {
    clearTimeout(this.#patience);
    const { connectionState } = this.connection;
    if (connectionState === "connected") this.#events.live();
    if (connectionState === "failed" || connectionState === "closed") this.#lost();
    if (connectionState === "disconnected") this.#patience = setTimeout(() => this.#lost(), PATIENCE_MS);
  }

  #lost(): void {
    if (this.#closed) return;
    void this.close();
    this.#events.lost();
  }

  /** Resolves when the answer is in. @throws where the gateway refused or did not answer. */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const { connection } = this;
    const { sdp = "" } = await connection.createOffer();
    // A browser that takes no offer but its own is no worse off than before.
    await connection
      .setLocalDescription({ type: "offer", sdp: withRoundTrip(sdp) })
      .catch(() => connection.setLocalDescription());
    await gathered(connection);
    const answer = await fetch(this.#grant.url, {
      method: "POST",
      headers: { "content-type": "application/sdp", authorization: `Bearer ${this.#grant.token}` },
      body: connection.localDescription?.sdp ?? "",
      credentials: "omit",
      signal: timeout(ANSWER_MS),
    });
    if (!answer.ok) throw new Error(`signalling was refused: ${answer.status}`);
    const location = answer.headers.get("location");
    this.#location = location ? new URL(location, new URL(this.#grant.url, document.baseURI)).href : undefined;
    // Closed meanwhile: whoever closed it deletes the session.
    if (this.#closed) return;
    await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  }

  /** Shows a newer token, so that the session outlives the first. */
  async prolong({ token }: MediaGrant): Promise<void> {
    if (!this.#location) return;
    await fetch(this.#location, {
      method: "PATCH",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/trickle-ice-sdpfrag" },
      credentials: "omit",
      signal: timeout(ANSWER_MS),
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#patience);
    this.connection.onconnectionstatechange = null;
    this.connection.close();
    // A session that is being made must be there before it can be deleted: left alone it would take the next one's place.
    await this.#starting?.catch(() => undefined);
    await this.#delete();
  }

  async #delete(): Promise<void> {
    if (!this.#location) return;
    try {
      await fetch(this.#location, {
        method: "DELETE",
        headers: { authorization: `Bearer ${this.#grant.token}` },
        credentials: "omit",
        keepalive: true,
      });
    } catch {
      // The relay ends what is silent by itself.
    }
  }
}

function gathered(connection: RTCPeerConnection): Promise<void> {
  if (connection.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHER_MS);
    connection.addEventListener("icegatheringstatechange", () => {
      if (connection.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve();
    });
  });
}

function timeout(ms: number): AbortSignal {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), ms);
  return stop.signal;
}
