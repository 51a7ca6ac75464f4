/** Secret mode: what it does is said before; then an ordinary search page, silent, black at a touch, ended by one long press. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { hearKnocks } from "../knocks.ts";
import { darken, hide, unhide } from "../phone.ts";
import * as s from "../state.ts";
import { knock, write } from "../talk.ts";
import { Icon } from "./icon.tsx";

export function BeforeSecret() {
  const w = s.words.value;
  return (
    <main class="sheet">
      <div class="scroll">
        <h1>{w.hideTitle}</h1>
        <ul class="rules">
          {w.hideText.map((text) => (
            <li key={text}>{text}</li>
          ))}
          <li>{w.noDark}</li>
          {!s.able.value.fullScreen && <li>{w.noFullScreen}</li>}
          {!s.able.value.wakeLock && <li>{w.noWakeLock}</li>}
        </ul>
      </div>
      <div class="thumb">
        <button type="button" class="big primary" onClick={hide}>
          {w.hideStart}
        </button>
        <button
          type="button"
          class="big"
          onClick={() => {
            s.hiding.value = false;
          }}
        >
          {w.cancel}
        </button>
      </div>
    </main>
  );
}

/** The operator's last words look like suggestions of the search. */
const MOST_SUGGESTED = 2;

function Search() {
  const page = useRef<HTMLElement>(null);
  const text = useRef<HTMLInputElement>(null);
  const w = s.words.value.search;
  useLayoutEffect(
    () => (page.current ? hearKnocks(page.current, { count: () => {}, done: () => {}, held: unhide }) : undefined),
    [],
  );
  const told = s.lines.value
    .filter(({ from }) => from === "operator")
    .slice(-MOST_SUGGESTED)
    .reverse();
  const use = (suggestion: string) => {
    if (text.current) text.current.value = suggestion;
  };
  return (
    <main class="search" ref={page}>
      <h1 class="search-mark">{w.title}</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!text.current) return;
          write(text.current.value);
          text.current.value = "";
        }}
      >
        <Icon name="search" />
        <input
          ref={text}
          class="search-field"
          type="search"
          maxLength={1000}
          autocomplete="off"
          aria-label={w.hint}
          placeholder={w.hint}
        />
        <button type="submit" class="search-go">
          {w.button}
        </button>
      </form>
      <ul class="suggestions">
        {told.map(({ key, text: said }) => (
          <li key={key}>
            <button type="button" class="suggestion" onClick={() => text.current?.focus()}>
              <Icon name="search" />
              {said}
            </button>
          </li>
        ))}
        {w.recent.map((suggestion) => (
          <li key={suggestion}>
            <button type="button" class="suggestion" onClick={() => use(suggestion)}>
              <Icon name="clock" />
              {suggestion}
            </button>
          </li>
        ))}
      </ul>
      <button type="button" class="moon" aria-label={w.dark} onClick={darken}>
        <Icon name="moon" />
      </button>
    </main>
  );
}

/** Nothing to see, nothing to hear: knocks anywhere, a long press ends it. */
function Dark() {
  const screen = useRef<HTMLElement>(null);
  // Before the screen is painted: on a busy phone the first knock comes sooner than an effect after it.
  useLayoutEffect(
    () => (screen.current ? hearKnocks(screen.current, { count: () => {}, done: knock, held: unhide }) : undefined),
    [],
  );
  return <main class="dark" ref={screen} aria-label={s.words.value.search.dark} />;
}

export function Secret({ dark }: { dark: boolean }) {
  useLayoutEffect(() => {
    const leave = (event: KeyboardEvent) => {
      if (event.key === "Escape") unhide();
    };
    addEventListener("keydown", leave);
    return () => removeEventListener("keydown", leave);
  }, []);
  return dark ? <Dark /> : <Search />;
}
