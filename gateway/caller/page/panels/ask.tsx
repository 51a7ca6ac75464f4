/** One thing at a time: may we have your position, your picture, your voice? */
import type { ConsentItem } from "#contract/caller.ts";
import { allow, dismissBlocked, refuse } from "../consent.ts";
import { askOrder, words } from "../state.ts";
import { fill } from "../words/words.ts";
import { Icon } from "./icon.tsx";

export function Ask({ item }: { item: ConsentItem }) {
  const w = words.value;
  return (
    <main class="sheet">
      <div class="scroll ask">
        <p class="small">{fill(w.step, { i: askOrder.indexOf(item) + 1 })}</p>
        <span class="ask-icon">
          <Icon name={item} />
        </span>
        <h1>{w.ask[item].title}</h1>
        <p>{w.ask[item].text}</p>
      </div>
      <div class="thumb">
        <button type="button" class="big primary" onClick={() => void allow(item)}>
          {w.allow}
        </button>
        <button type="button" class="big" onClick={() => refuse(item)}>
          {w.refuse}
        </button>
      </div>
    </main>
  );
}

/** Allowed here, refused by the browser: the way out is said, and the way on. */
export function Blocked({ item }: { item: ConsentItem }) {
  const w = words.value;
  return (
    <main class="sheet">
      <div class="scroll ask">
        <span class="ask-icon is-blocked">
          <Icon name={item} />
        </span>
        <h1>{w.ask[item].title}</h1>
        <p>{w.blocked[item]}</p>
      </div>
      <div class="thumb">
        <button type="button" class="big primary" onClick={() => void allow(item)}>
          {w.tryAgain}
        </button>
        <button type="button" class="big" onClick={() => dismissBlocked(item)}>
          {w.goOn}
        </button>
      </div>
    </main>
  );
}
