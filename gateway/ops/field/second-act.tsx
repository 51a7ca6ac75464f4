/** The second act of something that matters: it names what will happen, and the choice of the reason does it. */
import { useLayoutEffect, useRef } from "preact/hooks";

export function SecondAct(props: {
  id: string;
  ask: string;
  /** On the button beside a reason in one's own words. */
  label: string;
  reasons: readonly string[];
  busy?: boolean;
  act: (reason: string) => void;
  cancel: () => void;
}) {
  const { id, ask, label, reasons, busy = false, act, cancel } = props;
  const box = useRef<HTMLFormElement>(null);
  const free = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    box.current?.scrollIntoView({ block: "nearest" });
    // Not a button: an Enter that is held down would do it at once.
    box.current?.focus({ preventScroll: true });
  }, []);
  return (
    <form
      ref={box}
      class="second"
      tabIndex={-1}
      aria-label={label}
      aria-describedby={`${id}-ask`}
      onSubmit={(event) => {
        event.preventDefault();
        const text = free.current?.value.trim();
        if (text) act(text);
        else free.current?.focus();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          cancel();
        }
      }}
    >
      <p class="second-ask" id={`${id}-ask`}>
        {ask}
      </p>
      <ol class="reasons-list">
        {reasons.map((reason) => (
          <li key={reason}>
            <button type="button" disabled={busy} onClick={() => act(reason)}>
              {reason}
            </button>
          </li>
        ))}
      </ol>
      <div class="reasons-free">
        <input
          ref={free}
          type="text"
          maxLength={500}
          aria-label="Another reason"
          placeholder="Another reason"
          autocomplete="off"
        />
        <button type="submit" disabled={busy}>
          {label}
        </button>
      </div>
      <button type="button" class="quiet second-off" onClick={cancel}>
        Cancel
      </button>
    </form>
  );
}
