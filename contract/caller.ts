/**
 * The caller link: a one-time address for the phone of somebody who called, and what operator and phone say to each other through it.
 * All of the operator's paths are behind the log-in; a refusal is `{ error, field?, fix? }`.
 *
 *   GET    /api/callers?incident=<i>                      -> { callers: CallerView[] }        newest first
 *   POST   /api/callers                  CallerAsk        -> CallerMade                       201
 *   GET    /api/callers/:id                               -> CallerDetail
 *   POST   /api/callers/:id/sms          SmsAsk           -> CallerView                       a new message with the same link, while it waits
 *   POST   /api/callers/:id/end          { why }          -> CallerView                       an unopened link is revoked, an open one ended
 *   POST   /api/callers/:id/chat         { text }         -> CallerMessage
 *   POST   /api/callers/:id/ask          PhoneAsk         -> CallerMessage                    the phone's answer comes as a `done` message
 *   POST   /api/callers/:id/talk         {}               -> MediaGrant                       WHIP of the operator's voice (audio only)
 *   DELETE /api/callers/:id/talk                          -> 204
 *   GET    /api/callers/:id/stills                        -> { stills: StillView[] }
 *   GET    /api/callers/:id/stills/:seq                   -> image/jpeg
 *
 * To watch and hear the phone: `POST /api/video/watch { stream: CallerView.streams.phone, incident }` of contract/video.ts. Live events:
 * `{ type: "caller", caller: CallerView }` at each change, `{ type: "message", channel: "caller/said", message: CallerSaid }` for each message.
 *
 * The phone's paths, whose messages are in `contract/caller-phone.ts`; all but the first two need the cookie that `open` sets on one device:
 *   GET    /c/<token>                                     -> the page, the same for every token; changes nothing
 *   GET    /c/<token>/link                                -> LinkView; changes nothing
 *   POST   /c/<token>/open               OpenAsk          -> PhoneHears | 409 open on another device | 410 expired, revoked, ended
 *   POST   /c/<token>/say                PhoneSays        -> PhoneHears
 *   WS     /c/<token>/live                                -> PhoneHears, pushed
 *   POST   /c/<token>/send               {}               -> MediaGrant (WHIP; media as far as consent goes)
 *   POST   /c/<token>/listen             {}               -> MediaGrant (WHEP of the operator's voice)
 *   POST   /c/<token>/still?id=<id>      image/jpeg       -> { seq }
 */
import * as v from "valibot";
import { Finite, Id } from "./units.ts";
import type { IceServer, MediaKind } from "./video.ts";

/** Languages of the page and of the text message. */
export const languages = ["en", "ko", "es", "de", "fr", "zh", "ar"] as const;
export const Language = v.picklist(languages);
export type Language = v.InferOutput<typeof Language>;

/** What a caller is asked to allow, each for itself. */
export const consentItems = ["video", "voice", "position"] as const;
export const ConsentItem = v.picklist(consentItems);
export type ConsentItem = v.InferOutput<typeof ConsentItem>;
export type ConsentState = "unasked" | "granted" | "refused" | "withdrawn";
export type Consent = Record<ConsentItem, ConsentState>;

/** Answers of one tap; `help` is what many hurried knocks mean. */
export const answers = ["yes", "no", "cannotSpeak", "weapon", "hurt", "hiding", "help"] as const;
export const Answer = v.picklist(answers);
export type Answer = v.InferOutput<typeof Answer>;

/** For the operator. */
export const answerWords: Record<Answer, string> = {
  yes: "yes",
  no: "no",
  cannotSpeak: "I cannot speak",
  weapon: "there is a weapon",
  hurt: "somebody is hurt",
  hiding: "I am hiding",
  help: "help now",
};

/** What a number of knocks means; this many and more where `orMore`. */
export const knockCode: readonly { knocks: number; orMore?: true; means: Answer }[] = [
  { knocks: 1, means: "yes" },
  { knocks: 2, means: "no" },
  { knocks: 3, means: "cannotSpeak" },
  { knocks: 4, means: "weapon" },
  { knocks: 5, means: "hurt" },
  { knocks: 6, means: "hiding" },
  { knocks: 7, orMore: true, means: "help" },
];

/** Questions that the phone shows in the caller's own language. */
export const questions = [
  "canYouSpeak",
  "areYouSafe",
  "isThereAWeapon",
  "isAnybodyHurt",
  "areTheyStillThere",
  "canYouGetOut",
] as const;
export const Question = v.picklist(questions);
export type Question = v.InferOutput<typeof Question>;

/** For the operator. */
export const questionWords: Record<Question, string> = {
  canYouSpeak: "Can you speak?",
  areYouSafe: "Are you safe?",
  isThereAWeapon: "Is there a weapon?",
  isAnybodyHurt: "Is anybody hurt?",
  areTheyStillThere: "Are they still there?",
  canYouGetOut: "Can you get out?",
};

export const ChatText = v.pipe(v.string(), v.trim(), v.minLength(1, "must not be empty"), v.maxLength(1000));

/** ITU-T E.164 with the plus. */
export const PhoneNumber = v.pipe(
  v.string(),
  v.transform((text) => text.replace(/[\s().-]/g, "")),
  v.regex(/^\+[1-9]\d{6,14}$/, "must be a number with its country code, such as +1 555 010 0199"),
);

export const CallerAsk = v.object({
  /** An open incident; without one a new incident of kind `caller` is opened. */
  incident: v.optional(Id),
  /** Of the text message, and of the page until the phone says better. */
  language: v.optional(Language, "en"),
  /** The link is sent there at once. */
  phone: v.optional(PhoneNumber),
  /** What the operator says of it; stands on the record. */
  note: v.optional(v.pipe(v.string(), v.trim(), v.maxLength(500))),
});
export type CallerAsk = v.InferInput<typeof CallerAsk>;

export const SmsAsk = v.object({ phone: PhoneNumber, language: v.optional(Language) });
export const EndAsk = v.object({
  why: v.pipe(v.string(), v.trim(), v.minLength(1, "a reason is needed"), v.maxLength(500)),
});
export const ChatAsk = v.object({ text: ChatText });

/** What the operator may ask of the phone. The torch is lit only by the caller's own tap, and never in secret mode. */
export const PhoneAsk = v.variant("kind", [
  v.object({ kind: v.literal("torch"), on: v.boolean() }),
  /** 1 is the camera's widest view. */
  v.object({ kind: v.literal("zoom"), factor: v.pipe(Finite, v.minValue(0.1), v.maxValue(100)) }),
  v.object({ kind: v.literal("camera"), facing: v.picklist(["front", "back"]) }),
  v.object({ kind: v.literal("stills"), on: v.boolean() }),
  v.object({ kind: v.literal("question"), question: Question }),
]);
export type PhoneAsk = v.InferOutput<typeof PhoneAsk>;

/** `waiting`: nobody has opened it. Every other state but `open` is its end. */
export type CallerState = "waiting" | "open" | "expired" | "revoked" | "ended";

export interface PhoneAble {
  torch: boolean;
  /** Absent where the camera has none. */
  zoom?: { min: number; max: number } | undefined;
  cameras: number;
  wakeLock: boolean;
  fullScreen: boolean;
}

export interface PhoneSetting {
  sending: "nothing" | "video" | "stills";
  facing: "front" | "back";
  torch: boolean;
  zoom: number;
  /** False while the caller's page is silent, as in secret mode: nobody hears what the operator says. */
  hearing: boolean;
  mode: "normal" | "secret";
  batteryPercent?: number | undefined;
}

/** `accuracyM` as the phone states it; the incident's bound is wider, see docs/caller.md. */
export interface PhonePosition {
  lat: number;
  lon: number;
  accuracyM: number;
  /** RFC 3339 UTC. */
  at: string;
}

export interface SmsView {
  /** Last digits only. */
  to: string;
  status: "queued" | "sent" | "failed";
  attempts: number;
  at: string;
  why?: string;
}

/** Times are RFC 3339 UTC. */
export interface CallerView {
  id: string;
  incident: string;
  state: CallerState;
  createdBy: string;
  createdAt: string;
  /** Until when it can be opened; once open, until when it lasts. */
  expiresAt: string;
  openedAt?: string;
  endedAt?: string;
  /** Why it was ended. */
  why?: string;
  language: Language;
  sms?: SmsView;
  consent: Consent;
  /** Whether the page was heard of lately; absent until it was opened. */
  link?: { live: boolean; since: string };
  able?: PhoneAble;
  setting?: PhoneSetting;
  position?: PhonePosition;
  /** Names in the relay (contract/video.ts). */
  streams: { phone: string; voice: string };
  /** Who of the operators has the word. */
  talking?: string;
  /** The newest thing that the caller said, tapped or knocked. */
  lastSaid?: { at: string; text: string };
  stills: number;
}

export interface CallerMade {
  caller: CallerView;
  /** Told once: the gateway keeps it only sealed, until it is opened. */
  url: string;
}

export interface CallerMessage {
  seq: number;
  at: string;
  from: "caller" | "operator";
  /** The operator. */
  by?: string;
  kind: "chat" | "answer" | "knock" | "ask" | "done";
  /** In words; knocks are decoded. */
  text: string;
  /** Other readings of unclear knocks. */
  orElse?: string[];
  /** Number of the operator's message that it answers. */
  to?: number;
  ask?: PhoneAsk;
  done?: boolean;
  /** The operator's word has reached the phone. */
  delivered?: boolean;
  /** Seconds that it waited on the phone for the link, where more than two. */
  heldS?: number;
}

export interface CallerSaid {
  incident: string;
  caller: string;
  message: CallerMessage;
}

export interface CallerDetail {
  caller: CallerView;
  messages: CallerMessage[];
}

export interface StillView {
  seq: number;
  at: string;
  bytes: number;
  sha256: string;
}

/** For one WHIP or WHEP session. Asked again before `expires`. */
export interface MediaGrant {
  /** Below the gateway's own address. */
  url: string;
  token: string;
  expires: string;
  iceServers: IceServer[];
  media: MediaKind[];
}
