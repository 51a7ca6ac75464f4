/** The caller's page. It asks nothing of any other host, and tells nothing before it is allowed. */
import { effect } from "@preact/signals";
import { render } from "preact";
import { useState } from "preact/hooks";
import { languages } from "#contract/caller.ts";
import { allWords, directionOf } from "./language.ts";
import { Ask, askOrder } from "./panels/ask.tsx";
import { Live, Preview } from "./panels/live.tsx";
import { Over, Unreachable } from "./panels/over.tsx";
import { BeforeSecret, Secret } from "./panels/secret.tsx";
import { Start } from "./panels/start.tsx";
import { chooseLanguage, hide, look } from "./phone.ts";
import * as s from "./state.ts";

function Header() {
  const w = s.words.value;
  const open = s.phase.value === "open";
  const state = !open ? (s.linkView.value?.agency ?? "") : s.online.value ? w.connected : w.connecting;
  return (
    <header class="header">
      <p class={open ? (s.online.value ? "state is-on" : "state is-lost") : "state"}>{state}</p>
      <label class="language">
        <span class="hidden">{w.language}</span>
        <select
          value={s.language.value}
          onChange={(event) => chooseLanguage(event.currentTarget.value as (typeof languages)[number])}
        >
          {languages.map((code) => (
            <option key={code} value={code} lang={code}>
              {allWords[code].name}
            </option>
          ))}
        </select>
      </label>
    </header>
  );
}

function Open() {
  const [hiding, setHiding] = useState(false);
  const next = askOrder.find((item) => s.consent.value[item] === "unasked");
  if (hiding)
    return (
      <BeforeSecret
        onBack={() => setHiding(false)}
        onHide={() => {
          setHiding(false);
          hide();
        }}
      />
    );
  return next ? <Ask item={next} /> : <Live onHide={() => setHiding(true)} />;
}

function Page() {
  const phase = s.phase.value;
  if (s.secret.value)
    return (
      <>
        <Preview />
        <Secret />
      </>
    );
  return (
    <>
      <Preview />
      <Header />
      {phase === "loading" && <main class="sheet" aria-busy="true" aria-label={s.words.value.loading} />}
      {phase === "unreachable" && <Unreachable />}
      {phase === "waiting" && <Start />}
      {phase === "open" && <Open />}
      {s.isOver(phase) && <Over why={phase} />}
    </>
  );
}

effect(() => {
  const { documentElement: root } = document;
  root.lang = s.language.value;
  root.dir = directionOf(s.language.value);
  root.dataset.mode = s.secret.value ? (s.dark.value ? "dark" : "search") : "plain";
  document.title = s.secret.value ? s.words.value.search.title : s.words.value.title;
});

const place = document.getElementById("page");
if (place) render(<Page />, place);
void look();
