/** Every word of the page. Each language has all of them, in short everyday words: the reader may be shaking. */
import type { Answer, ConsentItem, Question } from "#contract/caller.ts";

export interface Words {
  /** Its own name for itself. */
  name: string;
  title: string;
  loading: string;
  unreachable: string;
  tryAgain: string;
  /** `{agency}` asks, and what for. */
  intro: string;
  rules: readonly string[];
  open: string;
  /** `{n}` minutes. */
  left: string;
  language: string;
  /** `{i}` of 3. */
  step: string;
  ask: Record<ConsentItem, { title: string; text: string }>;
  allow: string;
  goOn: string;
  refuse: string;
  blocked: Record<ConsentItem, string>;
  /** Names of what is sent, for chips and switches. */
  item: Record<ConsentItem, string>;
  on: string;
  off: string;
  stop: Record<ConsentItem, string>;
  start: Record<ConsentItem, string>;
  connected: string;
  connecting: string;
  lost: string;
  /** `{n}` messages are kept. */
  kept: string;
  tab: { answers: string; knock: string; write: string; more: string };
  answer: Record<Answer, string>;
  question: Record<Question, string>;
  operator: string;
  you: string;
  quiet: string;
  sent: string;
  waiting: string;
  knockHere: string;
  knockHow: string;
  knockMore: string;
  writePlaceholder: string;
  send: string;
  hide: string;
  hideTitle: string;
  hideText: readonly string[];
  hideStart: string;
  cancel: string;
  torchAsk: string;
  torchOn: string;
  torchOff: string;
  no: string;
  frontCamera: string;
  backCamera: string;
  zoom: string;
  stills: string;
  video: string;
  nothing: string;
  slow: string;
  soundOn: string;
  soundOff: string;
  hear: string;
  noTorch: string;
  noZoom: string;
  oneCamera: string;
  noDark: string;
  noFullScreen: string;
  noWakeLock: string;
  /** `{m}` metres. */
  accuracy: string;
  locating: string;
  end: string;
  endSure: string;
  endYes: string;
  over: Record<"expired" | "revoked" | "ended" | "other" | "unknown", { title: string; text: string }>;
  /** `{number}`. */
  call: string;
  search: { title: string; hint: string; button: string; recent: readonly string[]; dark: string };
}

export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}
