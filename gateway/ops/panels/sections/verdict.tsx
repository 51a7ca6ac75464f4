/** Take, confirm, dismiss, escalate, undo: two keys each, the act and its reason. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { undoKind, verdictKindOf, verdictKinds } from "../../reasons.ts";
import { mayNotJudge, mayNotTake } from "../../rights.ts";
import { giveVerdict, take } from "../../state/actions.ts";
import { calling } from "../../state/calling.ts";
import { asking, busy, me, said } from "../../state/store.ts";
import { Key } from "../key.tsx";
import { ReasonForm } from "../reason-form.tsx";
import type { SectionProps } from "./section.ts";

function Reasons({ incident }: SectionProps) {
  const kind = verdictKindOf(asking.value!, incident.kind);
  return (
    <ReasonForm
      tone={kind.status}
      ask={kind.ask}
      label={kind.label}
      reasons={kind.reasons}
      inputId="reason-text"
      busy={busy.value}
      about={incident.incident}
      onReason={(reason) => void giveVerdict(kind.status, reason)}
      onCancel={() => (asking.value = undefined)}
    />
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
  const noTaking = mayNotTake(me.value);
  const noJudging = mayNotJudge(me.value);
  const isFree = incident.takenBy === undefined && incident.status === "unreviewed";
  return (
    <section ref={box} class="verdict" aria-label="What to do" tabIndex={-1}>
      {asking.value !== undefined ? (
        <Reasons {...props} />
      ) : (
        <div class="acts">
          {isFree && (
            <button
              type="button"
              class={`act is-take is-wide${calling.value[0]?.incident === incident.incident ? " is-first" : ""}`}
              aria-keyshortcuts="t"
              disabled={busy.value || noTaking !== undefined}
              title={noTaking}
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
              disabled={busy.value || noJudging !== undefined}
              title={noJudging}
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
              disabled={busy.value || noJudging !== undefined}
              title={noJudging}
              onClick={() => (asking.value = undoKind.status)}
            >
              Undo <Key>U</Key>
            </button>
          )}
        </div>
      )}
      {noJudging !== undefined && <p class="hint">To judge an incident {noJudging}.</p>}
      <p class={`said${said.value?.failed ? " has-failed" : ""}`} role="status">
        {said.value?.text}
      </p>
    </section>
  );
}
