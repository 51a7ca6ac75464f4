/**
 * Brings lists, revocations and suppressions to devices. Each says what it holds; what it lacks is the answer. Revocations go out at once as
 * well, and wait in the broker for devices that are away; lists and suppressions are sealed to the device: no embedding lies in a queue.
 */
import type { Logger } from "pino";
import { type FaceOrder, type FaceState, faceOrder } from "#contract/face.ts";
import type { FaceListView, FacesView } from "#contract/face-api.ts";
import type { HubBus } from "../context.ts";
import { envelopeOf } from "../hub.ts";
import type { FaceLists } from "./lists.ts";
import type { FaceMatches } from "./matches.ts";
import { sealedTo } from "./probe-key.ts";

/** An order that a device did not act on is not said again sooner. */
const AGAIN_MS = 20_000;
/** A device that said nothing for so long is away. */
const AWAY_MS = 75_000;

interface Parts {
  readonly bus: HubBus;
  readonly lists: FaceLists;
  readonly matches: FaceMatches;
  readonly log: Logger;
  /** X25519, and its RFC 7638 thumbprint. */
  readonly probeKey: { readonly x: string; readonly thumbprint: string };
}

export class FaceDevices {
  readonly #parts: Parts;
  readonly #states = new Map<string, { state: FaceState; heardMs: number }>();
  readonly #said = new Map<string, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** What a device holds: it gets what it lacks. */
  heard(state: FaceState): void {
    this.#states.set(state.node, { state, heardMs: Date.now() });
    this.#answer(state);
  }

  /** A state that the broker kept: nobody knows whether the device is there. */
  known(state: FaceState): void {
    if (!this.#states.has(state.node)) this.#states.set(state.node, { state, heardMs: 0 });
  }

  /** Something changed: those who are there are told at once. */
  update(): void {
    const nowMs = Date.now();
    for (const { state, heardMs } of this.#states.values()) if (nowMs - heardMs < AWAY_MS) this.#answer(state);
  }

  /** To every device that was ever heard. */
  revoke(id: string, jws: string): void {
    for (const node of this.#states.keys()) this.#say(node, `revoke ${id}`, { order: "revoke", jws });
  }

  views(): FacesView["devices"] {
    return [...this.#states.values()].map(({ state, heardMs }) => ({
      node: state.node,
      comparing: state.comparing,
      why: state.why,
      ageS: Math.round((Date.now() - heardMs) / 1000),
    }));
  }

  holding(list: string, receipts: ReadonlyMap<string, string>): FaceListView["devices"] {
    return [...this.#states.values()].flatMap(({ state }) => {
      const held = state.lists.find(({ id }) => id === list);
      const receiptAt = receipts.get(state.node);
      if (!held && !receiptAt) return [];
      return [
        {
          node: state.node,
          holds: held !== undefined,
          inForce: held?.inForce ?? false,
          why: held?.why ?? [],
          // A receipt for an earlier version of a list that is held says nothing of this one.
          ...(receiptAt && !held && { receiptAt }),
        },
      ];
    });
  }

  #answer(state: FaceState): void {
    const { lists, matches, probeKey } = this.#parts;
    const { node } = state;
    if (state.sealedTo !== probeKey.thumbprint) this.#say(node, "key", { order: "key", x: probeKey.x });
    for (const { id, jws } of lists.revocations())
      if (!state.revoked.includes(id)) this.#say(node, `revoke ${id}`, { order: "revoke", jws });
    for (const { id, sha256, jws } of lists.wanted())
      if (!state.lists.some((held) => held.id === id && held.sha256 === sha256))
        this.#sealed(state, `put ${id} ${sha256}`, jws, (sealed) => ({ order: "put", sealed }));
    for (const suppression of matches.suppressions(new Set(state.lists.map(({ id }) => id))))
      if (!state.suppressed.includes(suppression.match))
        this.#sealed(state, `suppress ${suppression.match}`, JSON.stringify(suppression), (sealed) => ({
          order: "suppress",
          sealed,
        }));
  }

  /** What the broker keeps until it is delivered shows nothing. */
  #sealed({ node, sealTo }: FaceState, what: string, plain: string, order: (sealed: string) => FaceOrder): void {
    if (sealTo === undefined || !this.#isDue(`${node} ${what} ${sealTo}`)) return;
    sealedTo(sealTo, plain).then(
      (sealed) => this.#publish(node, what, order(sealed)),
      (error: Error) => this.#parts.log.error({ node, error: error.message }, `${what} could not be sealed`),
    );
  }

  #say(node: string, what: string, order: FaceOrder): void {
    if (this.#isDue(`${node} ${what}`)) this.#publish(node, what, order);
  }

  #isDue(key: string): boolean {
    const nowMs = Date.now();
    if (nowMs - (this.#said.get(key) ?? -Infinity) < AGAIN_MS) return false;
    this.#said.set(key, nowMs);
    if (this.#said.size > 10_000) this.#said.delete(this.#said.keys().next().value!);
    return true;
  }

  #publish(node: string, what: string, order: FaceOrder): void {
    this.#parts.bus
      .publish(faceOrder, { ...envelopeOf(), what: order }, { to: node })
      .catch((error: Error) => this.#parts.log.error({ node, error: error.message }, `${what} could not be said`));
  }
}
