/** The page's course: looks at the link, opens it with a tap, hides and comes back, and ends. */
import { batch, effect } from "@preact/signals";
import type { Language, PhoneSetting } from "#contract/caller.ts";
import type { PhoneHears } from "#contract/caller-phone.ts";
import { resume, stopPosition } from "./consent.ts";
import { gateway } from "./gateway-line.ts";
import { languageFor } from "./language.ts";
import { followRelay, reportAble, stopAllMedia, watchLink } from "./media.ts";
import { dropLight, onOperator } from "./requests.ts";
import * as s from "./state.ts";
import { line, say, talkEvents } from "./talk.ts";
import { awake } from "./wake.ts";

const LOOK_AGAIN_MS = 3_000;
/** Chosen here, the link's language no longer counts. */
let languageChosen = false;

/** Changes nothing at the gateway. */
export async function look(): Promise<void> {
  const answer = await gateway.link();
  if (!answer.ok) {
    s.phase.value = answer.status === 404 ? "unknown" : "unreachable";
    if (answer.status !== 404) setTimeout(() => void look(), LOOK_AGAIN_MS);
    return;
  }
  const view = answer.value;
  s.linkView.value = view;
  if (!languageChosen) s.language.value = languageFor(navigator.languages, view.language);
  if (view.state === "open" && view.mine) await openLink();
  else s.phase.value = view.state === "open" ? "other" : view.state;
}

/** The tap that binds the link to this phone; nothing before it does. */
export async function openLink(): Promise<void> {
  const answer = await gateway.open({ language: s.language.value });
  if (!answer.ok) {
    if (answer.status === 409) s.phase.value = "other";
    else if (answer.status === 410 || answer.status === 404) await look();
    else {
      s.phase.value = "unreachable";
      setTimeout(() => void look(), LOOK_AGAIN_MS);
    }
    return;
  }
  line.hear(answer.value);
  s.phase.value = "open";
  line.start();
  void awake.hold();
  await reportAble();
  await resume();
}

export function chooseLanguage(language: Language): void {
  languageChosen = true;
  s.language.value = language;
  if (s.phase.value === "open") line.say({ kind: "language", language });
}

export function endLink(): void {
  say({ kind: "end" });
}

export function hide(): void {
  batch(() => {
    s.hiding.value = false;
    s.secret.value = true;
    s.hearing.value = false;
  });
  dropLight();
}

export function unhide(): void {
  batch(() => {
    s.secret.value = false;
    s.dark.value = false;
  });
  if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
}

/** Black, and without the browser's own bars where it allows. */
export function darken(): void {
  s.dark.value = true;
  void document.documentElement.requestFullscreen?.({ navigationUI: "hide" }).catch(() => undefined);
}

function stopEverything(): void {
  stopAllMedia();
  stopPosition();
  awake.release();
  line.stop();
  unhide();
  batch(() => {
    s.talking.value = false;
    s.hiding.value = false;
    s.pending.value = undefined;
  });
}

let consentKnown = false;
talkEvents.heard = (hears: PhoneHears) => {
  if (s.isOver(hears.state)) {
    stopEverything();
    s.phase.value = hears.state;
    return;
  }
  batch(() => {
    // After a reload the gateway knows; from then on this page does, and what it says may still be on its way.
    if (!consentKnown && !line.queue.holds("consent")) s.consent.value = hears.consent;
    consentKnown = true;
    for (const each of hears.hear) onOperator(each);
    s.talking.value = hears.talking;
    s.received.value = hears.received;
  });
};
talkEvents.gone = () => {
  stopEverything();
  s.phase.value = "loading";
  void look();
};

effect(() => {
  if (s.isOver(s.phase.value)) line.queue.clear();
});

let told = "";
effect(() => {
  const setting: PhoneSetting = {
    sending: s.sending.value,
    facing: s.facing.value,
    torch: s.torch.value,
    zoom: s.zoom.value,
    hearing: s.hearing.value && !s.secret.value,
    mode: s.secret.value ? "secret" : "normal",
  };
  const text = JSON.stringify(setting);
  if (s.phase.value !== "open" || text === told) return;
  told = text;
  line.say({ kind: "setting", ...setting });
});

watchLink();
followRelay();
