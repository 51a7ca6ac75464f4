/** Before the tap: who asks, what for, and what happens to it. */
import { useState } from "preact/hooks";
import { openLink } from "../phone.ts";
import { linkView, words } from "../state.ts";
import { fill } from "../words/words.ts";

export function Start() {
  const [opening, setOpening] = useState(false);
  const view = linkView.value;
  const w = words.value;
  if (!view) return null;
  return (
    <main class="sheet">
      <div class="scroll">
        <p class="agency">{view.agency}</p>
        <h1>{fill(w.intro, { agency: view.agency })}</h1>
        <ul class="rules">
          {w.rules.map((rule) => (
            <li key={rule}>{rule}</li>
          ))}
        </ul>
      </div>
      <div class="thumb">
        <button
          type="button"
          class="big primary"
          disabled={opening}
          onClick={() => {
            setOpening(true);
            void openLink().finally(() => setOpening(false));
          }}
        >
          {opening ? w.connecting : w.open}
        </button>
        <p class="small">{fill(w.left, { n: Math.max(1, Math.ceil(view.leftS / 60)) })}</p>
      </div>
    </main>
  );
}
