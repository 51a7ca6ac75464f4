/** One thing at a time: may we have your position, your picture, your voice? */
import type { ConsentItem } from "#contract/caller.ts";
import { allow, refuse } from "../consent.ts";
import { words } from "../state.ts";
import { fill } from "../words/words.ts";
import { Icon } from "./icon.tsx";

/** Where somebody is matters most, should there be time for one tap only. */
export const askOrder: readonly ConsentItem[] = ["position", "video", "voice"];

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
