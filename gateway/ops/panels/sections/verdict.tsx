/** Take, confirm, dismiss, escalate, undo: two keys each, the act and its reason. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { undoKind, verdictKindOf, verdictKinds } from "../../reasons.ts";
import { giveVerdict, take } from "../../state/actions.ts";
import { asking, busy, calling, said } from "../../state/store.ts";
import { Key } from "../key.tsx";
import type { SectionProps } from "./section.ts";

function Reasons({ incident }: SectionProps) {
  const box = useRef<HTMLFormElement>(null);
  const free = useRef<HTMLInputElement>(null);
  const kind = verdictKindOf(asking.value!, incident.kind);
  // Before the next key: an effect that comes later would take the focus back from the field.
  useLayoutEffect(() => {
    box.current?.focus();
  }, [kind, incident.incident]);
  return (
    <form
      ref={box}
      class={`reasons is-${kind.status}`}
      tabIndex={-1}
      aria-label={kind.ask}
      onSubmit={(event) => {
        event.preventDefault();
        const text = free.current?.value.trim();
        if (text) void giveVerdict(kind.status, text);
        else free.current?.focus();
      }}
    >
      <p class="reasons-ask">
        <strong>{kind.ask}</strong>
        <button type="button" class="quiet" onClick={() => (asking.value = undefined)}>
          Cancel <Key>Esc</Key>
        </button>
      </p>
      <ol class="reasons-list">
        {kind.reasons.map((reason, i) => (
          <li key={reason}>
            <button
              type="button"
              aria-keyshortcuts={String(i + 1)}
              disabled={busy.value}
              onClick={() => void giveVerdict(kind.status, reason)}
            >
              <Key>{String(i + 1)}</Key> {reason}
            </button>
          </li>
        ))}
      </ol>
      <div class="reasons-free">
        <input
          ref={free}
          id="reason-text"
          type="text"
          maxLength={500}
          aria-label="Another reason"
          placeholder="Another reason (0)"
          autocomplete="off"
        />
        <button type="submit" disabled={busy.value}>
          {kind.label}
        </button>
      </div>
    </form>
  );
}

export function Verdict(props: SectionProps) {
  const { incident } = props;
  const box = useRef<HTMLElement>(null);
  const wasAsking = useRef(false);
  useLayoutEffect(() => {
    // The reasons had the focus; it stays nearby when they go.
    if (wasAsking.current && asking.value === undefined) box.current?.focus({ preventScroll: true });
    wasAsking.current = asking.value !== undefined;
  }, [asking.value]);
  const mayTake = incident.takenBy === undefined && incident.status === "unreviewed";
  return (
    <section ref={box} class="verdict" aria-label="What to do" tabIndex={-1}>
      {asking.value !== undefined ? (
        <Reasons {...props} />
      ) : (
        <div class="acts">
          {mayTake && (
            <button
              type="button"
              class={`act is-take is-wide${calling.value[0]?.incident === incident.incident ? " is-first" : ""}`}
              aria-keyshortcuts="t"
              disabled={busy.value}
              onClick={() => void take()}
            >
              Take <Key>T</Key>
            </button>
          )}
          {verdictKinds.map((kind) => (
            <button
              key={kind.status}
              type="button"
              class={`act is-${kind.status}`}
              aria-keyshortcuts={kind.key}
              aria-pressed={incident.status === kind.status}
              disabled={busy.value}
              onClick={() => (asking.value = kind.status)}
            >
              {kind.label} <Key>{kind.key.toUpperCase()}</Key>
            </button>
          ))}
          {incident.status !== "unreviewed" && (
            <button
              type="button"
              class="act is-wide"
              aria-keyshortcuts="u"
              disabled={busy.value}
              onClick={() => (asking.value = undoKind.status)}
            >
              Undo <Key>U</Key>
            </button>
          )}
        </div>
      )}
      <p class={`said${said.value?.failed ? " has-failed" : ""}`} role="status">
        {said.value?.text}
      </p>
    </section>
  );
}
