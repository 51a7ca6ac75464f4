/** The conversation in writing, with what the gateway has and what still waits. */
import { useEffect, useRef } from "preact/hooks";
import { lines, words } from "../state.ts";
import { write } from "../talk.ts";

export function Write() {
  const text = useRef<HTMLInputElement>(null);
  const end = useRef<HTMLLIElement>(null);
  const count = lines.value.length;
  const w = words.value;
  useEffect(() => end.current?.scrollIntoView({ block: "end" }), [count]);
  return (
    <div class="write">
      <ol class="lines">
        {lines.value.map(({ key, from, text: said, held }) => (
          <li key={key} class={`line is-${from}`}>
            <span class="line-from">{from === "operator" ? w.operator : w.you}</span>
            <span class="line-text">{said}</span>
            {from === "caller" && <span class="line-state">{held ? w.waiting : `✓ ${w.sent}`}</span>}
          </li>
        ))}
        <li ref={end} aria-hidden="true" class="line-end" />
      </ol>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const field = text.current;
          if (!field) return;
          write(field.value);
          field.value = "";
          field.focus();
        }}
      >
        <input
          ref={text}
          type="text"
          maxLength={1000}
          enterkeyhint="send"
          autocomplete="off"
          aria-label={w.writePlaceholder}
          placeholder={w.writePlaceholder}
        />
        <button type="submit" class="primary">
          {w.send}
        </button>
      </form>
    </div>
  );
}
