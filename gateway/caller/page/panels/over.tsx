/** A link that does not serve: what happened, and what to do. */
import { linkView, type phase, words } from "../state.ts";
import { fill } from "../words/words.ts";

export function Over({
  why,
}: {
  why: Extract<typeof phase.value, "expired" | "revoked" | "ended" | "other" | "unknown">;
}) {
  const w = words.value;
  const number = linkView.value?.emergencyNumber;
  return (
    <main class="sheet">
      <div class="scroll">
        {linkView.value && <p class="agency">{linkView.value.agency}</p>}
        <h1>{w.over[why].title}</h1>
        <p>{w.over[why].text}</p>
      </div>
      <div class="thumb">
        {number && (
          <a class="big primary button" href={`tel:${number}`}>
            {fill(w.call, { number })}
          </a>
        )}
      </div>
    </main>
  );
}

export function Unreachable() {
  const w = words.value;
  return (
    <main class="sheet">
      <div class="scroll">
        <h1>{w.unreachable}</h1>
        <p class="small">{w.connecting}</p>
      </div>
    </main>
  );
}
