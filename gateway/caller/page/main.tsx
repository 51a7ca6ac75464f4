/** The caller's page. It asks nothing of any other host, and tells nothing before it is allowed. */
import { effect } from "@preact/signals";
import { render } from "preact";
import { languages } from "#contract/caller.ts";
import { allWords, directionOf } from "./language.ts";
import { Ask, Blocked } from "./panels/ask.tsx";
import { Live, Preview } from "./panels/live.tsx";
import { Over, Unreachable } from "./panels/over.tsx";
import { BeforeSecret, Secret } from "./panels/secret.tsx";
import { Start } from "./panels/start.tsx";
import { chooseLanguage, look } from "./phone.ts";
import * as s from "./state.ts";

function Header() {
  const w = s.words.value;
  const open = s.phase.value === "open";
  const state = !open ? "" : s.online.value ? w.connected : w.connecting;
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

function Closed({ phase }: { phase: Exclude<s.Phase, "open"> }) {
  if (s.isOver(phase)) return <Over why={phase} />;
  if (phase === "waiting") return <Start />;
  if (phase === "unreachable") return <Unreachable />;
  return <main class="sheet" aria-busy="true" aria-label={s.words.value.loading} />;
}

function Page() {
  const view = s.view.value;
  const secret = view.kind === "search" || view.kind === "dark";
  return (
    <>
      <Preview />
      {!secret && <Header />}
      {view.kind === "closed" && <Closed phase={view.phase} />}
      {view.kind === "ask" && <Ask item={view.item} />}
      {view.kind === "blocked" && <Blocked item={view.item} />}
      {view.kind === "live" && <Live />}
      {view.kind === "hiding" && <BeforeSecret />}
      {secret && <Secret dark={view.kind === "dark"} />}
    </>
  );
}

effect(() => {
  const { documentElement: root } = document;
  root.lang = s.language.value;
  root.dir = directionOf(s.language.value);
  root.dataset.view = s.view.value.kind;
  document.title = s.secret.value ? s.words.value.search.title : s.words.value.title;
});

const place = document.getElementById("page");
if (place) render(<Page />, place);
void look();
