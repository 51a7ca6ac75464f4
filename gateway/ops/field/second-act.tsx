/** The second act of something that matters: it names what will happen, and the choice of the reason does it. */
import { FreeReason, ReasonList, useAsking } from "../panels/reasons.tsx";

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
  const { free, form } = useAsking(act, []);
  return (
    <form
      class="second"
      aria-label={label}
      aria-describedby={`${id}-ask`}
      {...form}
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
      <ReasonList reasons={reasons} busy={busy} take={act} />
      <FreeReason field={free} label={label} busy={busy} />
      <button type="button" class="quiet second-off" onClick={cancel}>
        Cancel
      </button>
    </form>
  );
}
