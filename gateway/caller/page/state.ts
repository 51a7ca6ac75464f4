/** What the page knows, as signals. */
import { computed, signal } from "@preact/signals";
import type { CallerState, Consent, ConsentItem, Language, PhoneAble } from "#contract/caller.ts";
import type { LinkView, PhoneHear } from "#contract/caller-phone.ts";
import { allWords } from "./language.ts";

export type Phase =
  | "loading"
  /** The gateway has not answered yet and does not now. */
  | "unreachable"
  | "waiting"
  | "open"
  | "expired"
  | "revoked"
  | "ended"
  | "other"
  | "unknown";

export const phase = signal<Phase>("loading");
export const linkView = signal<LinkView | undefined>(undefined);
export const language = signal<Language>("en");
export const words = computed(() => allWords[language.value]);

export const consent = signal<Consent>({ video: "unasked", voice: "unasked", position: "unasked" });
/** Allowed by the caller, refused by the browser: at once when it was asked, or taken away later. */
export const blocked = signal<Partial<Record<ConsentItem, "asked" | "lost">>>({});

export const online = signal(true);
/** Words that wait for the link. */
export const waiting = signal(0);

export interface Line {
  /** Of what this phone said; `op-<seq>` for the operator's. */
  key: string;
  from: "operator" | "caller";
  text: string;
  /** Not yet taken by the gateway. */
  held?: boolean;
  /** A request of the operator with its number. */
  hear?: PhoneHear;
}
/** Newest last, bounded. */
export const lines = signal<Line[]>([]);
const MOST_LINES = 200;
export function addLine(line: Line): void {
  if (lines.value.some(({ key }) => key === line.key)) return;
  lines.value = [...lines.value, line].slice(-MOST_LINES);
}

/** The operator's newest request that wants an answer of the caller: a question, or the light. */
export const pending = signal<Extract<PhoneHear, { kind: "ask" }> | undefined>(undefined);

export const talking = signal(false);
export const hearing = signal(false);
/** The relay gets what this phone sends. */
export const received = signal(false);
/** The page tells of secret mode, before it. */
export const hiding = signal(false);
export const secret = signal(false);
export const dark = signal(false);

export const facing = signal<"front" | "back">("back");
export const torch = signal(false);
export const zoom = signal(1);
export const able = signal<PhoneAble>({ torch: false, cameras: 1, wakeLock: false, fullScreen: false });
/** Chosen by caller or operator; `thin` is what the link needs. */
export const stillsWanted = signal(false);
export const thin = signal(false);
export const preview = signal<MediaStream | undefined>(undefined);
export const mediaState = signal<"off" | "connecting" | "live" | "retrying">("off");
export const accuracyM = signal<number | undefined>(undefined);

export const sending = computed<"nothing" | "video" | "stills">(() => {
  if (consent.value.video !== "granted" || preview.value === undefined) return "nothing";
  return stillsWanted.value || thin.value ? "stills" : "video";
});

/** Where somebody is matters most, should there be time for one tap only. */
export const askOrder: readonly ConsentItem[] = ["position", "video", "voice"];

export type View =
  | { kind: "search" | "dark" | "hiding" | "live" }
  | { kind: "ask" | "blocked"; item: ConsentItem }
  | { kind: "closed"; phase: Exclude<Phase, "open"> };

/** What the screen shows. */
export const view = computed<View>(() => {
  if (phase.value !== "open") return { kind: "closed", phase: phase.value };
  if (secret.value) return { kind: dark.value ? "dark" : "search" };
  if (hiding.value) return { kind: "hiding" };
  const stopped = askOrder.find((item) => blocked.value[item] === "asked");
  if (stopped) return { kind: "blocked", item: stopped };
  const next = askOrder.find((item) => consent.value[item] === "unasked");
  return next ? { kind: "ask", item: next } : { kind: "live" };
});

/** A link that is over. */
export function isOver(state: CallerState | Phase): state is "expired" | "revoked" | "ended" | "other" | "unknown" {
  return ["expired", "revoked", "ended", "other", "unknown"].includes(state);
}
