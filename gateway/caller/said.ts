/** What a phone says, folded into what is known of its caller: what changes, what goes on the record, what the operator reads. Pure. */
import {
  answerWords,
  type CallerMessage,
  type ConsentItem,
  type PhoneAsk,
  type PhoneSetting,
  questionWords,
} from "#contract/caller.ts";
import type { PhoneSay } from "#contract/caller-phone.ts";
import { readKnocks } from "./knock.ts";
import type { Facts } from "./store.ts";
import type { Fix } from "./whereabouts.ts";

export interface Effect {
  facts: Facts;
  /** For the record. */
  entry?: { text: string; data: Record<string, unknown> };
  message?: Omit<CallerMessage, "seq" | "at" | "from" | "heldS">;
  fix?: Fix;
  /** What may be sent has changed: running sessions are ended. */
  endMedia?: true;
  endLink?: true;
  /** Not taken, because consent is missing. */
  dropped?: true;
}

const itemWords: Record<ConsentItem, string> = { video: "video", voice: "voice", position: "position" };
const consentWords = { granted: "allows", refused: "refuses", withdrawn: "withdraws" } as const;
const whyWords = {
  unavailable: "the phone cannot",
  declined: "the caller declined",
  secret: "not in secret mode",
  noConsent: "the caller has not allowed it",
} as const;

/**
 * @param atMs when it was said, UTC ms.
 * @param askOf the operator's request of that number.
 */
export function onSaid(
  facts: Facts,
  say: PhoneSay,
  atMs: number,
  askOf: (seq: number) => PhoneAsk | undefined,
): Effect {
  switch (say.kind) {
    case "consent":
      return onConsent(facts, say);
    case "chat":
      return spoken(facts, { kind: "chat", text: say.text }, `the caller writes: ${say.text}`, { chat: say.text });
    case "answer": {
      const text = answerWords[say.answer];
      const ask = say.to === undefined ? undefined : askOf(say.to);
      const about = ask ? ` to "${askWords(ask)}"` : "";
      const message = { kind: "answer" as const, text, ...(say.to !== undefined && { to: say.to }) };
      return spoken(facts, message, `the caller taps${about}: ${text}`, { answer: say.answer, to: say.to });
    }
    case "knock": {
      const { text, answers, orElse } = readKnocks(say.knocksMs);
      const others = orElse.map((other) => other.text);
      const message = { kind: "knock" as const, text, ...(others.length > 0 && { orElse: others }) };
      const unclear = others.length > 0 ? ` (or ${others.join(", or ")})` : "";
      return spoken(facts, message, `the caller knocks, ${text}${unclear}`, {
        knocksMs: say.knocksMs,
        answers,
        orElse: orElse.map((other) => other.answers),
      });
    }
    case "position": {
      // The page stops sending at once; what was on its way when consent was withdrawn is not kept either.
      if (facts.consent.position !== "granted") return { facts, dropped: true };
      const { lat, lon, accuracyM } = say;
      const at = new Date(atMs).toISOString();
      if (facts.position && facts.position.at > at) return { facts };
      return { facts: { ...facts, position: { lat, lon, accuracyM, at } }, fix: { lat, lon, accuracyM, atMs } };
    }
    case "able": {
      const { torch, zoom, cameras, wakeLock, fullScreen } = say;
      return { facts: { ...facts, able: { torch, cameras, wakeLock, fullScreen, ...(zoom && { zoom }) } } };
    }
    case "setting":
      return onSetting(facts, say);
    case "done": {
      const ask = askOf(say.to);
      const words = ask ? askWords(ask) : `request ${say.to}`;
      const text = `${words}: ${say.done ? "done" : `not done${say.why ? `, ${whyWords[say.why]}` : ""}`}`;
      return {
        facts,
        message: { kind: "done", text, to: say.to, done: say.done },
        entry: { text: `the phone: ${text}`, data: { to: say.to, done: say.done, why: say.why } },
      };
    }
    case "language":
      return { facts: { ...facts, language: say.language } };
    case "end":
      return { facts, endLink: true };
  }
}

/** For the operator. */
export function askWords(ask: PhoneAsk): string {
  if (ask.kind === "torch") return ask.on ? "torch on" : "torch off";
  if (ask.kind === "zoom") return `zoom ${Math.round(ask.factor * 10) / 10} x`;
  if (ask.kind === "camera") return `${ask.facing} camera`;
  if (ask.kind === "stills") return ask.on ? "stills instead of video" : "video instead of stills";
  return questionWords[ask.question];
}

function onConsent(facts: Facts, { item, state }: Extract<PhoneSay, { kind: "consent" }>): Effect {
  const before = facts.consent[item];
  // Whoever refuses what was allowed takes it back.
  const after = state !== "granted" && before === "granted" ? "withdrawn" : state;
  if (after === before) return { facts };
  const { position, ...rest } = facts;
  const kept = item === "position" && after !== "granted" ? rest : { ...rest, ...(position && { position }) };
  return {
    facts: { ...kept, consent: { ...facts.consent, [item]: after } },
    entry: {
      text: `the caller ${consentWords[after]} ${itemWords[item]}`,
      data: { consent: item, from: before, to: after },
    },
    ...(before === "granted" && item !== "position" && { endMedia: true as const }),
  };
}

function spoken(
  facts: Facts,
  message: NonNullable<Effect["message"]>,
  text: string,
  data: Record<string, unknown>,
): Effect {
  return { facts, message, entry: { text, data } };
}

function onSetting(facts: Facts, say: Extract<PhoneSay, { kind: "setting" }>): Effect {
  const { sending, facing, torch, zoom, hearing, mode, batteryPercent } = say;
  const setting: PhoneSetting = {
    sending,
    facing,
    torch,
    zoom,
    hearing,
    mode,
    ...(batteryPercent !== undefined && { batteryPercent }),
  };
  const before = facts.setting;
  const news: string[] = [];
  if (mode !== (before?.mode ?? "normal"))
    news.push(mode === "secret" ? "secret mode on: the page is disguised and silent" : "secret mode off");
  if (sending !== (before?.sending ?? "nothing")) news.push(`the phone sends ${sending}`);
  return {
    facts: { ...facts, setting },
    ...(news.length > 0 && { entry: { text: news.join("; "), data: { setting } } }),
  };
}
