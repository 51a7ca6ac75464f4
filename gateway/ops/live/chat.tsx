/** Words between those who look at one picture. */
import { useRef } from "preact/hooks";
import { local } from "../state/store.ts";
import type { Watch } from "./watch.ts";

export function Chat({ watch }: { watch: Watch }) {
  const text = useRef<HTMLInputElement>(null);
  return (
    <div class="tile-chat">
      <ol aria-label="Words about this picture">
        {watch.talk.chat.value.slice(-6).map(({ key, name, text, atMs, mine }) => (
          <li key={key} class={mine ? "is-mine" : ""}>
            <time>{local.value.clock(atMs)}</time> <b>{name}</b> {text}
          </li>
        ))}
        {watch.talk.chat.value.length === 0 && (
          <li class="faint">Goes to everybody who looks at this picture now; it is not kept.</li>
        )}
      </ol>
      <form
        class="note"
        onSubmit={(event) => {
          event.preventDefault();
          const input = text.current;
          if (input?.value.trim() && watch.talk.write(input.value.trim())) input.value = "";
          else input?.focus();
        }}
      >
        <input
          ref={text}
          type="text"
          maxLength={1000}
          aria-label="Write to who looks at this picture"
          placeholder="To who looks at this picture"
          autocomplete="off"
        />
        <button type="submit" disabled={!watch.talk.maySay.value}>
          Send
        </button>
      </form>
    </div>
  );
}
