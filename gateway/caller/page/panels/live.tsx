/** The open link: what is sent, what the operator says, and the ways to answer, all within a thumb's reach. */
import { useEffect, useRef, useState } from "preact/hooks";
import { allow, dismissBlocked } from "../consent.ts";
import { hear } from "../media.ts";
import { answerLight } from "../requests.ts";
import * as s from "../state.ts";
import { fill } from "../words/words.ts";
import { Answers } from "./answers.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { KnockPad } from "./knock-pad.tsx";
import { More } from "./more.tsx";
import { Write } from "./write.tsx";

const tabs = ["answers", "knock", "write", "more"] as const;
type Tab = (typeof tabs)[number];

/** One element for the whole life of the page: stills are taken from it also in secret mode. */
export function Preview() {
  const video = useRef<HTMLVideoElement>(null);
  const stream = s.preview.value;
  useEffect(() => {
    if (video.current) video.current.srcObject = stream ?? null;
  }, [stream]);
  return <video ref={video} class={`preview is-${s.facing.value}`} hidden={!stream} autoplay muted playsInline />;
}

function Chips() {
  const w = s.words.value;
  const { consent, sending, mediaState, accuracyM } = s;
  const metres = accuracyM.value;
  const where = metres === undefined ? w.locating : fill(w.accuracy, { m: Math.max(1, Math.ceil(metres)) });
  const going = mediaState.value === "live" ? w.on : w.connecting;
  const picture =
    sending.value === "stills" ? w.stills : sending.value === "video" ? `${w.video}: ${going}` : w.nothing;
  const chips: { icon: IconName; on: boolean; text: string }[] = [
    { icon: "video", on: sending.value !== "nothing", text: picture },
    {
      icon: "voice",
      on: consent.value.voice === "granted",
      text: `${w.item.voice}: ${consent.value.voice === "granted" ? going : w.off}`,
    },
    {
      icon: "position",
      on: consent.value.position === "granted",
      text: consent.value.position === "granted" ? where : `${w.item.position}: ${w.off}`,
    },
  ];
  return (
    <ul class="chips">
      {chips.map(({ icon, on, text }) => (
        <li key={icon} class={on ? "chip is-on" : "chip"}>
          <Icon name={icon} />
          {text}
        </li>
      ))}
    </ul>
  );
}

function Notices() {
  const w = s.words.value;
  const light = s.pending.value?.ask.kind === "torch";
  return (
    <>
      {!s.online.value && (
        <p class="notice is-lost" role="status">
          {w.lost} {s.waiting.value > 0 && <b>{fill(w.kept, { n: s.waiting.value })}</b>}
        </p>
      )}
      {s.talking.value && !s.hearing.value && (
        <button type="button" class="big primary notice-act" onClick={() => hear(true)}>
          <Icon name="sound" /> {w.hear}
        </button>
      )}
      {light && (
        <div class="notice">
          <p>{w.torchAsk}</p>
          <div class="pair">
            <button type="button" class="primary" onClick={() => answerLight(true)}>
              {w.torchOn}
            </button>
            <button type="button" onClick={() => answerLight(false)}>
              {w.no}
            </button>
          </div>
        </div>
      )}
      {s.askOrder.map(
        (item) =>
          s.blocked.value[item] === "lost" && (
            <div key={item} class="notice">
              <p>{w.blocked[item]}</p>
              <div class="pair">
                <button type="button" onClick={() => void allow(item)}>
                  {w.tryAgain}
                </button>
                <button type="button" onClick={() => dismissBlocked(item)}>
                  {w.goOn}
                </button>
              </div>
            </div>
          ),
      )}
    </>
  );
}

function LastWord() {
  const last = s.lines.value.findLast(({ from }) => from === "operator");
  const mine = s.lines.value.at(-1);
  const w = s.words.value;
  return (
    <div class="last" aria-live="polite">
      {last ? (
        <p class="last-operator">
          <span class="line-from">{w.operator}</span> {last.text}
        </p>
      ) : (
        <p class="small">{w.quiet}</p>
      )}
      {mine?.from === "caller" && (
        <p class="last-mine">
          {mine.text} <span class="line-state">{mine.held ? w.waiting : `✓ ${w.sent}`}</span>
        </p>
      )}
    </div>
  );
}

export function Live() {
  const [tab, setTab] = useState<Tab>("answers");
  const w = s.words.value;
  return (
    <main class="live">
      <Chips />
      <Notices />
      {tab !== "write" && tab !== "more" && <LastWord />}
      <section class="tab-panel" id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === "answers" && <Answers />}
        {tab === "knock" && <KnockPad />}
        {tab === "write" && <Write />}
        {tab === "more" && <More />}
      </section>
      <button
        type="button"
        class="big hide"
        onClick={() => {
          s.hiding.value = true;
        }}
      >
        <Icon name="hide" /> {w.hide}
      </button>
      <div class="tabs" role="tablist">
        {tabs.map((name) => (
          <button
            type="button"
            key={name}
            id={`tab-${name}`}
            role="tab"
            aria-selected={tab === name}
            aria-controls="tab-panel"
            onClick={() => setTab(name)}
          >
            <Icon name={name} />
            {w.tab[name]}
          </button>
        ))}
      </div>
    </main>
  );
}
