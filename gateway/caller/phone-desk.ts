/** The phone's side of a link: opened by a tap, spoken through, and closed to what its caller has not allowed. */
import type { MediaGrant } from "#contract/caller.ts";
import type { LinkView, PhoneHear, PhoneHears, PhoneSay } from "#contract/caller-phone.ts";
import { metres } from "#contract/certainty.ts";
import type { MediaKind } from "#contract/video.ts";
import type { GatewayContext } from "../context.ts";
import { Refusal } from "../http/refusal.ts";
import { sha256Hex } from "../incidents/chain.ts";
import { nowUtc } from "../now.ts";
import { Allowance } from "./allowance.ts";
import { type CallerBook, streamsOf } from "./book.ts";
import type { CallersConfig } from "./config.ts";
import { open, stateOf } from "./link.ts";
import type { MediaPort } from "./media-port.ts";
import { onSaid } from "./said.ts";
import type { Seal } from "./seal.ts";
import type { CallerRow } from "./store.ts";
import { newDeviceSecret } from "./token.ts";
import { type Fix, isNews, placeOf, RADIUS_95_OVER_68 } from "./whereabouts.ts";

const HOUR_MS = 3_600_000;
/** Waited on the phone longer than this, and the record says so. */
const HELD_S = 2;
/** JPEG (ISO/IEC 10918-1): begins with SOI, ends with EOI. */
const isJpeg = (bytes: Uint8Array) =>
  bytes.length > 100 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes.at(-2) === 0xff && bytes.at(-1) === 0xd9;
/** Of one incident. */
const MOST_PHONES = 100;
/** Of one link; beyond it the disk belongs to the others. */
const MOST_STILLS = 3_000;
/** Words and positions of one phone: more than a person can say, less than fills a disk. */
const SAYS = { count: 100, perMs: 10_000 };
/** Hashes of stills go on the record so many at a time. */
const STILLS_AN_ENTRY = 10;

interface Deps {
  book: CallerBook;
  context: Pick<GatewayContext, "place" | "incident">;
  media: MediaPort;
  seal: Seal;
  config: Pick<CallersConfig, "agency" | "emergencyNumber" | "lastsHours">;
  /** Something for this phone has changed. */
  push: (id: string) => void;
  end: (row: CallerRow, by: string, why: string) => void;
}

export class PhoneDesk {
  readonly counters = { said: 0, repeats: 0, withoutConsent: 0, stills: 0 };
  readonly #deps: Deps;
  readonly #pace = new Allowance(SAYS.count, SAYS.perMs);

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** @throws Refusal 404. Changes nothing. */
  row(token: string): CallerRow {
    const row = this.#deps.book.store.byToken(sha256Hex(token));
    if (!row) throw new Refusal(404, "this link is not known");
    return row;
  }

  look(row: CallerRow, device: string | undefined): LinkView {
    const nowMs = Date.now();
    const { agency, emergencyNumber } = this.#deps.config;
    return {
      state: stateOf(row.link, nowMs),
      mine: isMine(row, device),
      agency,
      ...(emergencyNumber !== undefined && { emergencyNumber }),
      language: row.facts.language,
      leftS: Math.max(0, Math.round((row.link.openUntilMs - nowMs) / 1000)),
    };
  }

  /** The tap. @returns the device's new secret, where it did not have the right one already. @throws Refusal 409, 410. */
  open(row: CallerRow, shown: string | undefined, language: CallerRow["facts"]["language"]): string | undefined {
    const { book, config } = this.#deps;
    const secret = newDeviceSecret();
    const device = { shown: shown && sha256Hex(shown), fresh: sha256Hex(secret) };
    const outcome = open(row.link, device, Date.now(), config.lastsHours * HOUR_MS);
    if (outcome.kind === "same") return undefined;
    if (outcome.kind === "over") throw new Refusal(410, `this link is ${outcome.state}`);
    if (outcome.kind === "otherDevice") {
      book.record(row, "a second device tried to open the link and was turned away", {});
      throw new Refusal(409, "this link is open on another device");
    }
    const opened = { ...row, link: outcome.link, facts: { ...row.facts, language, openedAt: nowUtc() } };
    book.phones.heard(row.id, Date.now());
    book.record(opened, "the caller opened the link with a tap", { language });
    book.save(opened);
    return secret;
  }

  /** @throws Refusal 401 unless it is the device that opened the link, 410 where that is over. */
  own(token: string, device: string | undefined): CallerRow {
    const row = this.row(token);
    if (!isMine(row, device)) throw new Refusal(401, "this link is open on another device, or not open");
    const state = stateOf(row.link, Date.now());
    if (state !== "open") throw new Refusal(410, `this link is ${state}`);
    return row;
  }

  hears(id: string, after: number, taken: string[] = []): PhoneHears {
    const { book } = this.#deps;
    const row = book.get(id);
    const hear = book.store.messages(id, after).flatMap(({ from, kind, seq, at, text, ask }): PhoneHear[] => {
      if (from !== "operator") return [];
      if (kind === "ask" && ask) return [{ seq, at, kind, ask }];
      return kind === "chat" ? [{ seq, at, kind, text }] : [];
    });
    return {
      state: stateOf(row.link, Date.now()),
      taken,
      hear,
      consent: row.facts.consent,
      talking: book.talking.has(id),
      received: book.received.has(id),
    };
  }

  /** A sign of life. */
  alive(row: CallerRow): void {
    const { book } = this.#deps;
    const back = book.phones.heard(row.id, Date.now());
    if (back?.kind === "back") book.record(row, `the phone is back after ${Math.round(back.awayMs / 1000)} s`, back);
    if (back) book.tell(row);
  }

  /** On disk when it returns. @returns ids of what was taken, this time or before: the phone says the rest again. */
  say(id: string, says: readonly PhoneSay[], heard: number): string[] {
    this.alive(this.#deps.book.get(id));
    this.#deliver(id, heard);
    const taken: string[] = [];
    for (const each of says) {
      // Consent counts at once, however much was said before it.
      if (each.kind !== "consent" && this.#pace.take(id, Date.now()) > 0) continue;
      this.#take(id, each);
      taken.push(each.id);
    }
    return taken;
  }

  #take(id: string, say: PhoneSay): void {
    const { book, media, push, end } = this.#deps;
    if (book.store.wasSaid(id, say.id)) {
      this.counters.repeats++;
      return;
    }
    if (say.kind === "setting" && say.sending !== "stills") this.recordStills(book.get(id));
    const row = book.get(id);
    const atMs = Date.now() - say.agoS * 1000;
    const effect = onSaid(row.facts, say, atMs, (seq) => book.store.messages(id, seq - 1)[0]?.ask);
    const { entry, message, fix, dropped } = effect;
    if (dropped) this.counters.withoutConsent++;
    const held = say.agoS > HELD_S ? { heldS: Math.round(say.agoS) } : {};
    if (entry) {
      const late = held.heldS ? ` (said ${held.heldS} s before it came through)` : "";
      const at = new Date(atMs).toISOString();
      book.recordOnce(row, say.id, entry.text + late, { ...entry.data, said: say.id, at, ...held });
    }
    const lastSaid = message && message.kind !== "done" ? { at: nowUtc(), text: message.text } : undefined;
    const next: CallerRow = { ...row, facts: { ...effect.facts, ...(lastSaid && { lastSaid }) } };
    if (fix) this.#place(next, fix);
    if (!book.store.saveOnce(next, say.id)) return;
    this.counters.said++;
    if (message) book.addMessage(next, { at: nowUtc(), from: "caller", ...message, ...held });
    book.tell(next);
    if (effect.endMedia) media.end(streamsOf(id).phone, "the caller withdrew consent");
    if (say.kind === "consent" || effect.endMedia) push(id);
    if (effect.endLink) end(next, `caller-${id}`, "the caller ended it");
  }

  /** A caller's own incident is where the phone is; in any other the phone's place is a fact beside. */
  #place(row: CallerRow, fix: Fix): void {
    const { book, context } = this.#deps;
    if (!isNews(row.facts.recordedFix, fix)) return;
    row.facts = { ...row.facts, recordedFix: fix };
    const place = placeOf(fix);
    const text = `the phone is within ${metres(place.ellipse95.semiMajorM)} of ${fix.lat.toFixed(6)}, ${fix.lon.toFixed(6)} (it states ${metres(fix.accuracyM)})`;
    const { incident } = row.facts;
    // Of several phones the first says where it is; the others stand on the record beside it.
    const first = book.store
      .list(incident, MOST_PHONES)
      .findLast((each) => each.id === row.id || each.facts.recordedFix);
    if (context.incident(incident)?.kind === "caller" && first?.id === row.id)
      context.place(incident, place, `caller-${row.id}`, text);
    else book.record(row, text, { fix, place, radius95Over68: RADIUS_95_OVER_68 });
  }

  /** The page has the operator's words up to `heard`. */
  #deliver(id: string, heard: number): void {
    const { book } = this.#deps;
    const row = book.get(id);
    if (heard <= row.facts.heard) return;
    const newest = book.store.messages(id, row.facts.heard).filter(({ seq }) => seq <= heard);
    const seq = newest.at(-1)?.seq;
    if (seq === undefined) return;
    book.store.save({ ...row, facts: { ...row.facts, heard: seq } });
    for (const message of newest)
      if (message.from === "operator") book.tellMessage(row, { ...message, delivered: true });
  }

  /** @throws Refusal 403 where neither video nor voice is allowed. */
  async send(row: CallerRow): Promise<MediaGrant> {
    const { video, voice } = row.facts.consent;
    const media: MediaKind[] = [
      ...(video === "granted" ? ["video" as const] : []),
      ...(voice === "granted" ? ["audio" as const] : []),
    ];
    if (media.length === 0) throw new Refusal(403, "neither video nor voice is allowed");
    return this.#deps.media.publish({
      stream: streamsOf(row.id).phone,
      sub: `caller-${row.id}`,
      media,
      incident: row.facts.incident,
      record: true,
    });
  }

  /** @throws Refusal 409 where nobody speaks. */
  async listen(row: CallerRow): Promise<MediaGrant> {
    if (!this.#deps.book.talking.has(row.id)) throw new Refusal(409, "nobody speaks now");
    return this.#deps.media.view({
      stream: streamsOf(row.id).voice,
      sub: `caller-${row.id}`,
      media: ["audio"],
      incident: row.facts.incident,
    });
  }

  /** A picture where the link is too thin for video. @throws Refusal 400, 403. */
  still(row: CallerRow, id: string, jpeg: Uint8Array): number | undefined {
    const { book, seal } = this.#deps;
    if (row.facts.consent.video !== "granted") {
      this.counters.withoutConsent++;
      throw new Refusal(403, "video is not allowed");
    }
    if (row.facts.stills >= MOST_STILLS) throw new Refusal(429, `${MOST_STILLS} stills are the most of one link`);
    if (!isJpeg(jpeg)) throw new Refusal(400, "this is no whole JPEG");
    this.alive(row);
    const still = { at: nowUtc(), bytes: jpeg.length, sha256: sha256Hex(jpeg) };
    const seq = book.store.addStillOnce(book.get(row.id), id, still, seal.close(jpeg, still.sha256));
    if (seq === undefined) return undefined;
    this.counters.stills++;
    const now = book.get(row.id);
    if (seq === 1 || seq - (now.facts.recordedStills ?? 0) >= STILLS_AN_ENTRY) this.recordStills(now);
    book.tell(now);
    return seq;
  }

  /** Puts the hashes of the stills that no entry has yet on the record. */
  recordStills(row: CallerRow): void {
    const { book } = this.#deps;
    const { recordedStills = 0, stills: newest } = row.facts;
    if (newest <= recordedStills) return;
    const stills = book.store.stills(row.id).filter(({ seq }) => seq > recordedStills);
    const which = stills.length === 1 ? `still ${newest}` : `stills ${recordedStills + 1} to ${newest}`;
    book.record(row, `${which} from the phone`, { stills });
    book.store.save({ ...row, facts: { ...row.facts, recordedStills: newest } });
  }
}

function isMine(row: CallerRow, device: string | undefined): boolean {
  return device !== undefined && row.link.device !== undefined && row.link.device === sha256Hex(device);
}
