/** The parts of a form that asks why: the usual reasons, and a field for one's own words. */
import type { RefObject } from "preact";
import { type Inputs, useLayoutEffect, useRef } from "preact/hooks";
import { Key } from "./key.tsx";

/**
 * What `<form>` needs to ask: it comes into view and takes the focus, not its button, as an Enter that is held down would do it at once. Sent off empty
 * it leads to the field.
 * @param about what is asked about: another one takes the focus anew.
 */
export function useAsking(take: (reason: string) => void, about: Inputs) {
  const box = useRef<HTMLFormElement>(null);
  const free = useRef<HTMLInputElement>(null);
  // Before the next key: an effect that comes later would take the focus back from the field.
  useLayoutEffect(() => {
    box.current?.scrollIntoView({ block: "nearest" });
    box.current?.focus({ preventScroll: true });
  }, about);
  const onSubmit = (event: Event) => {
    event.preventDefault();
    const text = free.current?.value.trim();
    if (text) take(text);
    else free.current?.focus();
  };
  return { free, form: { ref: box, tabIndex: -1, onSubmit } };
}

/** A button each, and where there are keys the key of each. */
export function ReasonList(props: {
  reasons: readonly string[];
  keys?: boolean;
  busy?: boolean;
  look?: string;
  take: (reason: string, index: number) => void;
}) {
  const { reasons, keys = false, busy = false, look, take } = props;
  return (
    <ol class="reasons-list">
      {reasons.map((reason, i) => {
        const key = String(i + 1);
        return (
          <li key={reason}>
            <button
              type="button"
              class={look}
              {...(keys && { "aria-keyshortcuts": key })}
              disabled={busy}
              onClick={() => take(reason, i)}
            >
              {keys && <Key>{key}</Key>} {reason}
            </button>
          </li>
        );
      })}
    </ol>
  );
}

export function FreeReason(props: {
  field: RefObject<HTMLInputElement | null>;
  /** On the button. */
  label: string;
  /** Of the field, for who gives it the focus by the key 0. */
  inputId?: string;
  busy?: boolean;
}) {
  const { field, label, inputId, busy = false } = props;
  return (
    <div class="reasons-free">
      <input
        ref={field}
        id={inputId}
        type="text"
        maxLength={500}
        aria-label="Another reason"
        placeholder={`Another reason${inputId === undefined ? "" : " (0)"}`}
        autocomplete="off"
      />
      <button type="submit" disabled={busy}>
        {label}
      </button>
    </div>
  );
}
