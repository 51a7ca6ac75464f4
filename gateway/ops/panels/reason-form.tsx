/** Asks why: the usual reasons with a key each, or one's own words. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { Key } from "./key.tsx";

export interface ReasonFormProps {
  /** For the colour: `confirmed`, `dismissed` ... */
  tone: string;
  ask: string;
  /** On the button beside the free text. */
  label: string;
  reasons: readonly string[];
  /** Of the free text, for who gives it the focus by a key. */
  inputId: string;
  busy: boolean;
  /** What is judged: another one takes the focus anew. */
  about: string;
  onReason(reason: string): void;
  onCancel(): void;
}

export function ReasonForm({ tone, ask, label, reasons, inputId, busy, about, onReason, onCancel }: ReasonFormProps) {
  const box = useRef<HTMLFormElement>(null);
  const free = useRef<HTMLInputElement>(null);
  // Before the next key: an effect that comes later would take the focus back from the field.
  useLayoutEffect(() => {
    box.current?.scrollIntoView({ block: "nearest" });
    box.current?.focus({ preventScroll: true });
  }, [ask, about]);
  return (
    <form
      ref={box}
      class={`reasons is-${tone}`}
      tabIndex={-1}
      aria-label={ask}
      onSubmit={(event) => {
        event.preventDefault();
        const text = free.current?.value.trim();
        if (text) onReason(text);
        else free.current?.focus();
      }}
    >
      <p class="reasons-ask">
        <strong>{ask}</strong>
        <button type="button" class="quiet" onClick={onCancel}>
          Cancel <Key>Esc</Key>
        </button>
      </p>
      <ol class="reasons-list">
        {reasons.map((reason, i) => (
          <li key={reason}>
            <button type="button" aria-keyshortcuts={String(i + 1)} disabled={busy} onClick={() => onReason(reason)}>
              <Key>{String(i + 1)}</Key> {reason}
            </button>
          </li>
        ))}
      </ol>
      <div class="reasons-free">
        <input
          ref={free}
          id={inputId}
          type="text"
          maxLength={500}
          aria-label="Another reason"
          placeholder="Another reason (0)"
          autocomplete="off"
        />
        <button type="submit" disabled={busy}>
          {label}
        </button>
      </div>
    </form>
  );
}
