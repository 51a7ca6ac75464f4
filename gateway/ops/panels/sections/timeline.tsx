/** The incident's append-only record, newest first, and whether its chain of hashes holds. */
import { useRef } from "preact/hooks";
import type { TimelineEntry } from "#contract/ops-api.ts";
import { foldRoutine, newestLineFirst, routineWords, withRoundNumbers } from "../../record.ts";
import { addNote } from "../../state/actions.ts";
import { busy, when } from "../../state/store.ts";
import { entryWord } from "../../words.ts";
import { Key } from "../key.tsx";
import { RecordFailed } from "./record-failed.tsx";
import type { Section, SectionProps } from "./section.ts";

function Note() {
  const text = useRef<HTMLInputElement>(null);
  return (
    <form
      class="note"
      onSubmit={(event) => {
        event.preventDefault();
        const value = text.current?.value.trim();
        if (!value) return text.current?.focus();
        void addNote(value).then((done) => {
          const field = text.current;
          if (!done || field === null) return;
          field.value = "";
          // Left in the field, the next key would be written into the next note instead of acting.
          if (document.activeElement === field)
            document.getElementById("section-timeline")?.focus({ preventScroll: true });
        });
      }}
    >
      <input
        ref={text}
        id="note-text"
        type="text"
        maxLength={2000}
        aria-label="Note for the record"
        placeholder="Note for the record"
        autocomplete="off"
      />
      <button type="submit" disabled={busy.value}>
        Add <Key>N</Key>
      </button>
    </form>
  );
}

function Entry({ entry, rounds }: { entry: TimelineEntry; rounds: readonly string[] }) {
  return (
    <li class={`entry is-${entry.kind}`}>
      <time dateTime={entry.at}>{when(entry.at)}</time>
      <span class="entry-text">
        <b>{entryWord(entry.kind)}</b> {withRoundNumbers(entry.text, rounds)} <span class="faint">{entry.by}</span>
      </span>
      <code class="faint" title={`SHA-256 ${entry.hash}`}>
        {entry.hash.slice(0, 6)}
      </code>
    </li>
  );
}

function Timeline({ incident, detail }: SectionProps) {
  if (detail.kind === "failed") return <RecordFailed what="record" error={detail.error} incident={incident.incident} />;
  if (detail.kind !== "ready") return <span class="skeleton clip-skeleton" />;
  const { timeline, chain } = detail.value;
  const rounds = incident.rounds.map(({ shot }) => shot);
  return (
    <>
      <p class={`chain ${chain.ok ? "is-ok" : "is-bad"}`}>
        <b aria-hidden="true">{chain.ok ? "✓" : "✕"}</b>{" "}
        {chain.ok
          ? `chain ok · ${chain.length} entries`
          : `chain broken at entry ${chain.brokenAtSeq ?? "?"}: this record was changed outside the gateway. Do not rely on it.`}
      </p>
      <Note />
      <ol class="timeline">
        {foldRoutine(newestLineFirst(timeline)).map((entries) =>
          entries.length === 1 ? (
            <Entry key={entries[0]!.seq} entry={entries[0]!} rounds={rounds} />
          ) : (
            <li key={entries.at(-1)!.seq}>
              <details>
                <summary>
                  <time dateTime={entries[0]!.at}>{when(entries[0]!.at)}</time> {routineWords(entries)}
                </summary>
                <ol>
                  {entries.map((entry) => (
                    <Entry key={entry.seq} entry={entry} rounds={rounds} />
                  ))}
                </ol>
              </details>
            </li>
          ),
        )}
      </ol>
    </>
  );
}

export const timeline: Section = { id: "timeline", title: "Timeline", view: Timeline };
