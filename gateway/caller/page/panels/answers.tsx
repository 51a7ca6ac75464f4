/** Answers of one tap, as large as the screen allows. */
import type { Answer } from "#contract/caller.ts";
import { pending, words } from "../state.ts";
import { answer } from "../talk.ts";

const shown: readonly Answer[] = ["yes", "no", "cannotSpeak", "weapon", "hurt", "hiding"];

export function Answers() {
  const asked = pending.value?.ask.kind === "question";
  return (
    <div class={asked ? "answers is-asked" : "answers"}>
      {shown.map((code) => (
        <button type="button" key={code} class={`answer is-${code}`} onClick={() => answer(code)}>
          {words.value.answer[code]}
        </button>
      ))}
    </div>
  );
}
