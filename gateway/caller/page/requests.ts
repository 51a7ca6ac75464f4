/** What the operator asks of the phone: done at once where it harms nobody, after the caller's tap where it lights up, never in secret mode. */
import type { PhoneAsk } from "#contract/caller.ts";
import type { PhoneHear } from "#contract/caller-phone.ts";
import { setStills, setTorch, setZoom, turnCamera } from "./media.ts";
import * as s from "./state.ts";
import { say } from "./talk.ts";

const seen = new Set<number>();

export function onOperator(hear: PhoneHear): void {
  // Pushed and asked for: the same word may come twice.
  if (seen.has(hear.seq)) return;
  seen.add(hear.seq);
  const key = `op-${hear.seq}`;
  if (hear.kind === "chat") s.addLine({ key, from: "operator", text: hear.text });
  else if (hear.ask.kind === "question") {
    s.pending.value = hear;
    s.addLine({ key, from: "operator", text: s.words.value.question[hear.ask.question] });
  } else if (hear.ask.kind === "torch" && hear.ask.on && !s.secret.value && s.able.value.torch) s.pending.value = hear;
  else void follow(hear.seq, hear.ask);
}

export function answerLight(on: boolean): void {
  const asked = s.pending.value;
  if (asked?.ask.kind !== "torch") return;
  s.pending.value = undefined;
  if (on) void follow(asked.seq, asked.ask);
  else say({ kind: "done", to: asked.seq, done: false, why: "declined" });
}

/** The light that was asked for is not lit: the caller hides. */
export function dropLight(): void {
  const asked = s.pending.value;
  if (asked?.ask.kind === "torch") {
    s.pending.value = undefined;
    say({ kind: "done", to: asked.seq, done: false, why: "secret" });
  }
  void setTorch(false);
}

/** Does it, and says what became of it. */
async function follow(to: number, ask: PhoneAsk): Promise<void> {
  if (ask.kind === "question") return;
  if (s.consent.value.video !== "granted") say({ kind: "done", to, done: false, why: "noConsent" });
  else if (ask.kind === "torch" && ask.on && s.secret.value) say({ kind: "done", to, done: false, why: "secret" });
  else {
    const did = await perform(ask);
    say({ kind: "done", to, done: did, ...(!did && { why: "unavailable" as const }) });
  }
}

async function perform(ask: Exclude<PhoneAsk, { kind: "question" }>): Promise<boolean> {
  if (ask.kind === "torch") return setTorch(ask.on);
  if (ask.kind === "zoom") return setZoom(ask.factor);
  if (ask.kind === "camera") return turnCamera(ask.facing);
  setStills(ask.on);
  return true;
}
