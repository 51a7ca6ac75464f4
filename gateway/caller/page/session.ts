/** Keeps one media session alive while it is wanted: asks for permission, connects, prolongs, and begins anew after every loss. */
import type { MediaGrant } from "#contract/caller.ts";
import type { Answer } from "./gateway-line.ts";
import { Peer } from "./peer.ts";

const retryMs = [500, 1000, 2000, 4000, 8000];
/** So many tries in a row, about half a minute. */
const LONG_AWAY = 6;
/** Of a token's life, when the next one is asked for. */
const RENEW_AT = 0.6;

interface Options {
  grant: () => Promise<Answer<MediaGrant>>;
  /** Adds what is sent or received, before the offer. */
  prepare: (connection: RTCPeerConnection) => void;
  state: (state: "off" | "connecting" | "live" | "retrying") => void;
  /** Signalling went through and media did not, or the relay is away for long. */
  noPath?: () => void;
}

export class Session {
  readonly #options: Options;
  #peer: Peer | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #gone: Promise<void> = Promise.resolve();
  #failures = 0;
  /** Counts starts and stops: what belongs to an older one is void. */
  #turn = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  get connection(): RTCPeerConnection | undefined {
    return this.#peer?.connection;
  }

  /** Begins, or begins anew with what is to be sent now. */
  start(): void {
    this.#failures = 0;
    void this.#connect(++this.#turn);
  }

  stop(): void {
    this.#turn++;
    void this.#drop();
    this.#options.state("off");
  }

  /** Resolves when every session of before is gone. */
  #drop(): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#renewal);
    const peer = this.#peer;
    this.#peer = undefined;
    this.#gone = this.#gone.then(() => peer?.close());
    return this.#gone;
  }

  async #connect(turn: number): Promise<void> {
    // The relay takes one publisher of a stream: the old session ends first.
    await this.#drop();
    if (turn !== this.#turn) return;
    this.#options.state(this.#failures === 0 ? "connecting" : "retrying");
    const grant = await this.#options.grant();
    if (turn !== this.#turn) return;
    if (!grant.ok) return this.#retry(turn);
    let wasLive = false;
    const peer = new Peer(grant.value, {
      live: () => {
        wasLive = true;
        this.#failures = 0;
        this.#options.state("live");
      },
      lost: () => {
        if (!wasLive && turn === this.#turn) this.#options.noPath?.();
        this.#retry(turn);
      },
    });
    this.#peer = peer;
    try {
      this.#options.prepare(peer.connection);
      await peer.start();
      this.#renew(turn, peer, grant.value);
    } catch {
      // Refused or unreachable: the next try asks for a new permission.
      await peer.close();
      this.#retry(turn);
    }
  }

  #retry(turn: number): void {
    if (turn !== this.#turn) return;
    const waitMs = retryMs[Math.min(this.#failures, retryMs.length - 1)] as number;
    this.#failures++;
    if (this.#failures % LONG_AWAY === 0) this.#options.noPath?.();
    this.#options.state("retrying");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(turn), waitMs);
  }

  #renew(turn: number, peer: Peer, grant: MediaGrant): void {
    const lifeMs = Date.parse(grant.expires) - Date.now();
    // A phone whose clock is wrong asks every half minute.
    const waitMs = lifeMs > 5_000 && lifeMs < 3_600_000 ? lifeMs * RENEW_AT : 30_000;
    this.#renewal = setTimeout(async () => {
      const next = await this.#options.grant();
      if (turn !== this.#turn || this.#peer !== peer) return;
      if (!next.ok) return this.#renew(turn, peer, { ...grant, expires: new Date(Date.now() + 10_000).toISOString() });
      await peer.prolong(next.value).catch(() => undefined);
      this.#renew(turn, peer, next.value);
    }, waitMs);
  }
}
