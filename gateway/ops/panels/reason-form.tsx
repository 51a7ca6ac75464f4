/** Asks why: the usual reasons with a key each, or one's own words. */
import { Key } from "./key.tsx";
import { FreeReason, ReasonList, useAsking } from "./reasons.tsx";

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
  const { free, form } = useAsking(onReason, [ask, about]);
  return (
    <form class={`reasons is-${tone}`} aria-label={ask} {...form}>
      <p class="reasons-ask">
        <strong>{ask}</strong>
        <button type="button" class="quiet" onClick={onCancel}>
          Cancel <Key>Esc</Key>
        </button>
      </p>
      <ReasonList reasons={reasons} keys busy={busy} take={onReason} />
      <FreeReason field={free} label={label} inputId={inputId} busy={busy} />
    </form>
  );
}
