/** The data channel of a stream: what one participant points at or writes goes to all others, with its sender's name, bounded and authorised. */

import * as v from "valibot";
import type { RTCDataChannel } from "werift";
import type { VideoClaims } from "#contract/video.ts";
import { DATA_LABEL, DATA_MAX_BYTES, type DataSaid, DataSay } from "#contract/video-data.ts";

/** Above this werift's SCTP collapses: a slow participant misses messages instead. */
const BUFFERED_MAX_BYTES = 16_000;
const SAYS_PER_S = 20;
const SAYS_BURST = 40;

interface Participant {
  claims: VideoClaims;
  role: "publisher" | "viewer";
  channel: RTCDataChannel | undefined;
  says: number;
  refilledMs: number;
}

export class Participants {
  readonly #all = new Map<string, Participant>();
  readonly #nowMs: () => number;
  #seq = 0;
  readonly counters = { said: 0, delivered: 0, refused: 0, dropped: 0 };

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  add(session: string, role: Participant["role"], claims: VideoClaims): void {
    this.#all.set(session, { claims, role, channel: undefined, says: SAYS_BURST, refilledMs: this.#nowMs() });
  }

  renew(session: string, claims: VideoClaims): void {
    const participant = this.#all.get(session);
    if (participant) participant.claims = claims;
  }

  /** @param greeting what the stream is like now. */
  open(session: string, channel: RTCDataChannel, greeting: DataSaid): void {
    const participant = this.#all.get(session);
    if (!participant || participant.claims.data === "none" || channel.label !== DATA_LABEL || participant.channel) {
      // Left open and unheard: werift throws at what arrives for a channel that it has closed.
      this.counters.refused++;
      return;
    }
    participant.channel = channel;
    channel.onMessage.subscribe((data) => this.#said(session, data));
    if (channel.readyState === "open") this.#send(participant, greeting);
    else channel.stateChanged.subscribe((state) => state === "open" && this.#send(participant, greeting));
  }

  remove(session: string): void {
    this.#all.delete(session);
  }

  tell(said: DataSaid, session?: string): void {
    for (const [id, participant] of this.#all)
      if (session === undefined || id === session) this.#send(participant, said);
  }

  #said(session: string, data: string | Buffer): void {
    const participant = this.#all.get(session);
    const say = participant && this.#permitted(participant, data);
    if (!say) {
      this.counters.refused++;
      return;
    }
    this.counters.said++;
    const { sub, name } = participant.claims;
    const said: DataSaid = {
      ...say,
      from: sub,
      name: name ?? sub,
      role: participant.role,
      at: Math.round(this.#nowMs()),
      seq: ++this.#seq,
    };
    for (const [id, other] of this.#all) if (id !== session) this.#send(other, said);
  }

  #permitted(participant: Participant, data: string | Buffer): DataSay | undefined {
    if (participant.claims.data !== "write" || Buffer.byteLength(data) > DATA_MAX_BYTES) return undefined;
    const nowMs = this.#nowMs();
    const refill = ((nowMs - participant.refilledMs) / 1000) * SAYS_PER_S;
    participant.says = Math.min(SAYS_BURST, participant.says + refill);
    participant.refilledMs = nowMs;
    if (participant.says < 1) return undefined;
    participant.says--;
    try {
      const parsed = v.safeParse(DataSay, JSON.parse(data.toString()));
      return parsed.success ? parsed.output : undefined;
    } catch {
      // Not JSON: refused and counted like any other message that is none of ours.
      return undefined;
    }
  }

  #send({ channel, claims }: Participant, said: DataSaid): void {
    if (channel?.readyState !== "open" || claims.data === "none") return;
    if (channel.bufferedAmount > BUFFERED_MAX_BYTES) {
      this.counters.dropped++;
      return;
    }
    this.counters.delivered++;
    channel.send(JSON.stringify(said));
  }
}
