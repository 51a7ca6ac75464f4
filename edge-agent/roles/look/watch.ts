/**
 * The device's end of the watchlists: takes lists, revocations and suppressions from the gateway, loads what is in force, and says what it
 * holds. Nothing here waits for the gateway: an expired list is deleted with the link down.
 */
import { ulid } from "ulid";
import * as v from "valibot";
import {
  type FaceOrderMessage,
  type FaceState,
  FaceSuppression,
  faceOrder,
  faceReceipt,
  faceState,
} from "#contract/face.ts";
import { nsOfUtc, utcOfNs } from "#contract/units.ts";
import type { FacePolicy } from "#contract/watchlist.ts";
import { EMBEDDING } from "#core/faces/distance.ts";
import { Suppressions } from "#core/faces/suppressions.ts";
import type { Probes, Watchlists } from "../../faces-port.ts";
import type { Bus, Log, Subscription } from "../../ports.ts";

/** How often lists are looked at again: an expired one is in use no longer than this. */
const LOAD_EVERY_MS = 30_000;

export interface WatchContext {
  readonly node: string;
  readonly bus: Bus;
  readonly log: Log;
  readonly lists: Watchlists;
  readonly probes: Probes;
  readonly policy: FacePolicy;
  /** Where this device is now. */
  here(): { lat: number; lon: number } | undefined;
  /** UTC, and whether the clock is synchronised. */
  now(): { ns: bigint; sure: boolean };
  /** The lists in force changed: another id, or another version. */
  onLists(): Promise<void> | undefined;
}

export class Watch {
  readonly suppressions = new Suppressions();
  readonly counters = { lists: 0, orders: 0, refusedOrders: 0, receipts: 0 };
  readonly #context: WatchContext;
  readonly #receiptsSaid = new Set<string>();
  #inForce = "";
  #refused: readonly { id: string; why: readonly string[] }[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #unlisten: (() => void) | undefined;
  #subscription: Subscription | undefined;

  constructor(context: WatchContext) {
    this.#context = context;
  }

  /** Loads what is on the disk. @returns that orders are taken: it waits for the broker, which may be away. */
  async start(): Promise<{ subscribed: Promise<void> }> {
    const { bus } = this.#context;
    await this.reload();
    const subscribed = bus
      .subscribe(faceOrder, (message) => this.#inTurn(() => this.#order(message)))
      .then((one) => {
        this.#subscription = one;
        this.#say();
      });
    this.#unlisten = bus.onLink((up) => {
      if (up) this.#say();
    });
    this.#timer = setInterval(() => void this.reload(), LOAD_EVERY_MS);
    return { subscribed };
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#unlisten?.();
    await this.#subscription?.close().catch(() => undefined);
    await this.#turn;
    this.suppressions.wipe();
  }

  /** Deletes what is over, loads what is in force, and says so. */
  reload(): Promise<void> {
    return this.#inTurn(() => this.#load());
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn
      .then(work)
      .catch((error: Error) => this.#context.log.error({ error: error.message }, "watchlists could not be handled"));
    this.#turn = done;
    return done;
  }

  async #load(): Promise<void> {
    const { lists, policy, here, now, onLists } = this.#context;
    const { ns: nowNs, sure: timeSure } = now();
    this.suppressions.expire(nowNs);
    const { loaded, refused } = await lists.load({ nowNs, timeSure, here: here(), policy });
    this.#refused = refused;
    this.counters.lists = loaded.length;
    // Whoever is being looked at keeps their looks while the lists stay what they are.
    const inForce = JSON.stringify(loaded.map(({ list, sha256 }) => [list.id, sha256]));
    if (inForce !== this.#inForce) await onLists();
    this.#inForce = inForce;
    await this.#sayReceipts();
    this.#say();
  }

  async #order({ what }: FaceOrderMessage): Promise<void> {
    const { lists, probes, log, now } = this.#context;
    this.counters.orders++;
    if (what.order === "put") {
      const jws = await probes.open(what.sealed);
      const put = jws === undefined ? notForUs : await lists.put(jws, now().ns);
      if (put.kind === "refused") this.#refuse("a watchlist", put.why);
      else log.info({ list: put.id }, "a watchlist came");
      await this.#load();
    } else if (what.order === "revoke") {
      const done = await lists.revoke(what.jws, now().ns);
      if (done.kind === "refused") this.#refuse("a revocation", done.why);
      else {
        this.suppressions.forgetList(done.receipt.list);
        log.info({ list: done.receipt.list }, "a watchlist was revoked and is deleted");
      }
      await this.#load();
    } else if (what.order === "key") {
      await probes.use(what.x);
      this.#say();
    } else {
      const suppression = suppressionOf(await probes.open(what.sealed));
      if (!suppression) {
        this.#refuse("a suppression", notForUs.why);
        return;
      }
      this.suppressions.add({
        match: suppression.match,
        list: suppression.list,
        person: suppression.person,
        embedding: embeddingOf(suppression.embedding),
        spread: suppression.spread,
        untilNs: nsOfUtc(suppression.until),
      });
      this.suppressions.expire(now().ns);
      this.#say();
    }
  }

  #refuse(what: string, why: readonly string[]): void {
    this.counters.refusedOrders++;
    this.#context.log.warn({ why }, `${what} is refused`);
  }

  async #sayReceipts(): Promise<void> {
    const { bus, lists, node, now } = this.#context;
    for (const { receipt, sha256 } of lists.receipts()) {
      if (this.#receiptsSaid.has(sha256)) continue;
      this.#receiptsSaid.add(sha256);
      this.counters.receipts++;
      const envelope = { v: 1 as const, id: ulid(), node, at: utcOfNs(now().ns) };
      await bus.publish(faceReceipt, { ...envelope, receipt, receiptSha256: sha256 });
    }
  }

  #say(): void {
    const { bus, log } = this.#context;
    bus
      .publish(faceState, this.state())
      .catch((error: Error) => log.error({ error: error.message }, "what this device holds could not be said"));
  }

  state(): FaceState {
    const { node, now, lists, probes } = this.#context;
    const inForce = new Set(lists.inForce().map(({ list }) => list.id));
    const { lists: held, revoked } = lists.held();
    const reasons = new Map(this.#refused.map(({ id, why }) => [id, why]));
    const why =
      inForce.size > 0
        ? `compares faces with ${inForce.size} ${inForce.size === 1 ? "list" : "lists"}`
        : held.length === 0
          ? "holds no list"
          : "no list that it holds is in force here and now";
    return {
      v: 1,
      id: ulid(),
      node,
      at: utcOfNs(now().ns),
      comparing: inForce.size > 0,
      why,
      lists: held.slice(0, 64).map(({ id, sha256 }) => ({
        id,
        sha256,
        inForce: inForce.has(id),
        why: inForce.has(id) ? [] : [...(reasons.get(id) ?? ["not loaded yet"])].slice(0, 16),
      })),
      revoked: revoked.slice(-1000),
      suppressed: this.suppressions.matches,
      sealTo: probes.sealTo,
      ...(probes.sealedTo !== undefined && { sealedTo: probes.sealedTo }),
    };
  }
}

/** Sealed to the key of an earlier start: the gateway seals it anew when it hears of this one. */
const notForUs = { kind: "refused", why: ["not sealed to this device's key"] } as const;

function suppressionOf(text: string | undefined): FaceSuppression | undefined {
  const parsed = text === undefined ? undefined : v.safeParse(FaceSuppression, JSON.parse(text));
  return parsed?.success ? parsed.output : undefined;
}

/** 128 float32, little-endian, base64. */
function embeddingOf(text: string): Float32Array {
  const bytes = Buffer.from(text, "base64");
  const embedding = new Float32Array(EMBEDDING);
  for (let i = 0; i < EMBEDDING; i++) embedding[i] = bytes.readFloatLE(4 * i);
  bytes.fill(0);
  return embedding;
}
