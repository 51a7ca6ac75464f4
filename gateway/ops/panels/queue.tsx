/** Incidents, newest first. Only the rows in view exist, so that 10,000 of them cost what twenty do. */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { IncidentState } from "#contract/incident.ts";
import { loadOlder, select, step } from "../state/actions.ts";
import { calls, faces, parts, robots, units } from "../state/field.ts";
import { callsForSomebody, type QueueFilter } from "../state/picture.ts";
import { textScale } from "../state/preferences.ts";
import {
  filter,
  gatewayNowMs,
  hasPicture,
  incidentsById,
  link,
  local,
  openCount,
  otherDay,
  pageState,
  placesWords,
  queue,
  selectedId,
  total,
  work,
} from "../state/store.ts";
import { age, kindWord, statusWord, sureWords, within } from "../words.ts";
import { HeadlineWords } from "./headline-words.tsx";
import { lazy } from "./lazy.tsx";
import { StatusMark } from "./status-mark.tsx";

/** Height of a row in rem; `queue.css` gives the rows the same. */
const ROW_REM = 5.5;
const SPARE_ROWS = 6;

function StateLine({ incident }: { incident: IncidentState }) {
  if (incident.verdict !== undefined && incident.status !== "unreviewed") {
    return (
      <span class="row-state">
        {statusWord(incident.status)} · {incident.verdict.reason} · {incident.verdict.by}
      </span>
    );
  }
  if (incident.takenBy !== undefined) return <span class="row-state">{incident.takenBy.by} has it</span>;
  return (
    <span class="row-state calls">Unreviewed {age((gatewayNowMs.value - Date.parse(incident.alertedAt)) / 1000)}</span>
  );
}

function Row({ incident, at, count }: { incident: IncidentState; at: number; count: number }) {
  const near = placesWords(incident);
  const sure = sureWords(incident);
  const chosen = selectedId.value === incident.incident;
  const several = incident.alternatives?.length ?? 0;
  return (
    <div
      id={`row-${incident.incident}`}
      role="option"
      tabIndex={-1}
      aria-selected={chosen}
      aria-setsize={count}
      aria-posinset={at + 1}
      class={`row is-${incident.status}${callsForSomebody(incident) ? " is-calling" : ""}`}
      style={{ transform: `translateY(${at * ROW_REM}rem)` }}
      onClick={() => select(incident.incident)}
      onKeyDown={(event) => event.key === "Enter" && select(incident.incident)}
    >
      <StatusMark status={incident.status} />
      <span class="unseen">{statusWord(incident.status)}</span>
      <div class="row-head">
        <strong>
          <HeadlineWords incident={incident} />
        </strong>
        {sure.figure !== undefined && (
          <span class="row-sure" title={sure.word}>
            {sure.figure}
          </span>
        )}
        <time dateTime={incident.firedAt}>{otherDay(incident.firedAt) ?? local.value.clock(incident.firedAt)}</time>
      </div>
      <span class="row-place">
        {near === undefined
          ? sure.figure === undefined
            ? sure.word
            : kindWord(incident.kind)
          : // The street first: what does not fit the row is cut off at its end.
            [near, sure.figure === undefined && incident.kind === "event" && sure.word].filter(Boolean).join(" · ")}
      </span>
      <div class="row-foot">
        <StateLine incident={incident} />
        <span class="row-within">{several > 0 ? `${several + 1} places` : within(incident.place?.ellipse95)}</span>
      </div>
    </div>
  );
}

const filters: readonly { id: QueueFilter; label: string }[] = [
  { id: "open", label: "Open" },
  { id: "all", label: "All" },
];

function Foot() {
  const state = pageState.value;
  if (state.kind === "loading") return <p class="queue-foot">Fetching older incidents …</p>;
  if (state.kind === "failed") {
    return (
      <p class="queue-foot">
        Older incidents could not be fetched: {state.error}.{" "}
        <button type="button" onClick={() => void loadOlder()}>
          Try again
        </button>
      </p>
    );
  }
  return null;
}

function Nothing() {
  if (!hasPicture.value) {
    return link.value.kind === "lost" ? (
      <p class="empty">No picture yet: the gateway cannot be reached.</p>
    ) : (
      <div class="empty" aria-busy="true">
        <span class="skeleton" />
        <span class="skeleton" />
        <span class="skeleton" />
        <p>Fetching the incidents …</p>
      </div>
    );
  }
  if (pageState.value.kind === "loading") return <p class="empty">Looking for older incidents that wait …</p>;
  if (pageState.value.kind === "failed") return null;
  return filter.value === "open" ? (
    <div class="empty">
      <p class="empty-head">Nothing waits for you.</p>
      <p>
        {total.value === 0
          ? "No incident has been recorded at this site."
          : "Every incident was reviewed. “All” shows them."}
      </p>
    </div>
  ) : (
    <p class="empty">No incident has been recorded at this site.</p>
  );
}

function Incidents() {
  const list = useRef<HTMLDivElement>(null);
  const space = useRef<HTMLDivElement>(null);
  const row = useSignal(useMemo(() => ROW_REM * 16 * textScale(), []));
  const rowPx = row.value;
  const top = useSignal(0);
  const height = useSignal(800);
  const ids = queue.value;

  useEffect(() => {
    const box = list.current;
    if (box === null) return;
    const observer = new ResizeObserver(() => (height.value = box.clientHeight));
    observer.observe(box);
    return () => observer.disconnect();
  }, [height]);

  // Rows stand in rem and grow with the letters by themselves; what is counted in pixels follows, and the row at the top stays there.
  useEffect(() => {
    const [box, rows] = [list.current, space.current];
    if (box === null || rows === null) return;
    const observer = new ResizeObserver(() => {
      const px = ROW_REM * 16 * textScale();
      if (px === row.value) return;
      const seen = box.scrollTop / row.value;
      row.value = px;
      box.scrollTop = seen * px;
    });
    observer.observe(rows);
    return () => observer.disconnect();
  }, [row]);

  const at = selectedId.value === undefined ? -1 : ids.indexOf(selectedId.value);
  useEffect(() => {
    const box = list.current;
    if (box === null || at < 0) return;
    const y = at * rowPx;
    if (y < box.scrollTop) box.scrollTop = y;
    else if (y + rowPx > box.scrollTop + box.clientHeight) box.scrollTop = y + rowPx - box.clientHeight;
  }, [selectedId.value, filter.value]);

  // At the top new incidents push in; further down what is being read stays where it is.
  const anchor = useRef<string | undefined>(undefined);
  useLayoutEffect(() => {
    const box = list.current;
    if (box === null) return;
    const seen = Math.floor(box.scrollTop / rowPx);
    const now = anchor.current === undefined || box.scrollTop === 0 ? -1 : ids.indexOf(anchor.current);
    if (now > seen) box.scrollTop += (now - seen) * rowPx;
    anchor.current = ids[Math.floor(box.scrollTop / rowPx)];
  }, [ids]);

  const from = Math.max(0, Math.floor(top.value / rowPx) - SPARE_ROWS);
  const to = Math.min(ids.length, Math.ceil((top.value + height.value) / rowPx) + SPARE_ROWS);
  const scrolled = () => {
    const box = list.current!;
    top.value = box.scrollTop;
    anchor.current = ids[Math.floor(box.scrollTop / rowPx)];
    const rest = box.scrollHeight - box.scrollTop - box.clientHeight;
    if (rest < rowPx * 20 && pageState.value.kind === "idle") void loadOlder();
  };
  return (
    <>
      <header class="panel-head">
        <h2>Queue</h2>
        <fieldset class="segments" aria-label="Which incidents">
          {filters.map(({ id, label }) => (
            <button key={id} type="button" aria-pressed={filter.value === id} onClick={() => (filter.value = id)}>
              {label} <span class="count">{id === "open" ? openCount.value : total.value.toLocaleString("en")}</span>
            </button>
          ))}
        </fieldset>
      </header>
      <div
        ref={list}
        class="rows"
        role="listbox"
        aria-label="Incidents, newest first"
        tabIndex={0}
        aria-activedescendant={at >= from && at < to ? `row-${selectedId.value}` : undefined}
        onScroll={scrolled}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            step(event.key === "ArrowDown" ? 1 : -1);
          }
        }}
      >
        <div ref={space} class="rows-space" role="presentation" style={{ height: `${ids.length * ROW_REM}rem` }}>
          {ids.slice(from, to).map((id, i) => (
            <Row key={id} incident={incidentsById.value.get(id)!} at={from + i} count={ids.length} />
          ))}
        </div>
      </div>
      {ids.length === 0 && <Nothing />}
      <Foot />
    </>
  );
}

const MatchQueue = lazy<object>("matches", async () => (await import("../faces/queue.tsx")).MatchQueue);
const Field = lazy<object>("field", async () => (await import("../field/field.tsx")).Field);

/** What else there is to do and to see at this gateway, beside its incidents; nothing where it has neither. */
function Works() {
  const list: { id: typeof work.value; label: string; count?: number; urgent?: boolean }[] = [
    { id: "incidents", label: "Incidents", count: openCount.value },
  ];
  const matches = faces.value;
  if (matches !== undefined) list.push({ id: "matches", label: "Matches", count: matches.open });
  if (robots.value.size + units.value.length + calls.value.size > 0 || parts.value.has("callers")) {
    const stopped = [...robots.value.values()].some(({ state }) => state?.emergencyStop.latched);
    list.push({ id: "field", label: "Field", ...(stopped && { urgent: true }) });
  }
  if (list.length < 2) return null;
  return (
    <fieldset class="works" aria-label="What to work on">
      {list.map(({ id, label, count, urgent }) => (
        <button key={id} type="button" aria-pressed={work.value === id} onClick={() => (work.value = id)}>
          {label}
          {count !== undefined && count > 0 && <span class="count">{count}</span>}
          {urgent && <span class="works-stop">STOP</span>}
        </button>
      ))}
    </fieldset>
  );
}

export function Queue() {
  return (
    <section class="queue" id="panel-queue" aria-label="Queue">
      <Works />
      {work.value === "incidents" && <Incidents />}
      {work.value === "matches" && <MatchQueue />}
      {work.value === "field" && <Field />}
    </section>
  );
}
