/** What a caller's phone and the gateway say to each other; the paths are in `contract/caller.ts`. */
import * as v from "valibot";
import { Answer, type CallerState, ChatText, type Consent, ConsentItem, Language, type PhoneAsk } from "./caller.ts";
import { Count, Finite, LatDeg, LonDeg, NonNegative } from "./units.ts";

export const OpenAsk = v.object({ language: v.optional(Language) });

const said = {
  /** Made by the phone: what is said twice is taken once. */
  id: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{8,40}$/, "must be 8 to 40 of A-Z a-z 0-9 _ -")),
  /** Seconds since it was said, by the phone's own counter: its clock may be wrong. */
  agoS: v.pipe(NonNegative, v.maxValue(86_400)),
};
const Flag = v.boolean();

export const PhoneSay = v.variant("kind", [
  v.object({
    ...said,
    kind: v.literal("consent"),
    item: ConsentItem,
    state: v.picklist(["granted", "refused", "withdrawn"]),
  }),
  v.object({ ...said, kind: v.literal("chat"), text: ChatText }),
  v.object({ ...said, kind: v.literal("answer"), answer: Answer, to: v.optional(Count) }),
  v.object({
    ...said,
    kind: v.literal("knock"),
    /** Milliseconds from the first knock, which is 0. */
    knocksMs: v.pipe(v.array(v.pipe(NonNegative, v.maxValue(60_000))), v.minLength(1), v.maxLength(60)),
  }),
  v.object({
    ...said,
    kind: v.literal("position"),
    lat: LatDeg,
    lon: LonDeg,
    accuracyM: v.pipe(NonNegative, v.maxValue(1_000_000)),
  }),
  v.object({
    ...said,
    kind: v.literal("able"),
    torch: Flag,
    zoom: v.optional(v.object({ min: Finite, max: Finite })),
    cameras: v.pipe(Count, v.maxValue(20)),
    wakeLock: Flag,
    fullScreen: Flag,
  }),
  v.object({
    ...said,
    kind: v.literal("setting"),
    sending: v.picklist(["nothing", "video", "stills"]),
    facing: v.picklist(["front", "back"]),
    torch: Flag,
    zoom: NonNegative,
    hearing: Flag,
    mode: v.picklist(["normal", "secret"]),
    batteryPercent: v.optional(v.pipe(NonNegative, v.maxValue(100))),
  }),
  v.object({
    ...said,
    kind: v.literal("done"),
    to: Count,
    done: Flag,
    /** Why not: a code, so that the operator reads it in the console's language. */
    why: v.optional(v.picklist(["unavailable", "declined", "secret", "noConsent"])),
  }),
  v.object({ ...said, kind: v.literal("language"), language: Language }),
  v.object({ ...said, kind: v.literal("end") }),
]);
export type PhoneSay = v.InferOutput<typeof PhoneSay>;

/** Most messages in one request; a phone that was away sends several. */
export const SAYS_AT_ONCE = 50;

export const PhoneSays = v.object({
  says: v.pipe(v.array(PhoneSay), v.maxLength(SAYS_AT_ONCE)),
  /** `seq` of the newest message of the operator that the page has. */
  heard: v.optional(Count, 0),
});
export type PhoneSays = v.InferOutput<typeof PhoneSays>;

export type PhoneHear = { seq: number; at: string } & ({ kind: "chat"; text: string } | { kind: "ask"; ask: PhoneAsk });

export interface PhoneHears {
  state: CallerState;
  /** Ids of what was taken in: the page forgets them. */
  taken: string[];
  /** Operator's messages after `heard`. */
  hear: PhoneHear[];
  consent: Consent;
  /** The operator speaks now: `listen` gives the voice. */
  talking: boolean;
  /** The relay gets picture or voice of this phone: where it says no and the page believes yes, the page begins a new session. */
  received: boolean;
}

/** What anybody with the link may know before it is opened. */
export interface LinkView {
  state: CallerState;
  /** This device opened it. */
  mine: boolean;
  /** Who asks, and the number to call where the link does not serve. */
  agency: string;
  emergencyNumber?: string;
  language: Language;
  /** Seconds that are left to open it. */
  leftS: number;
}
