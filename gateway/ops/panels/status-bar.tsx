/** The line that says whether the picture can be trusted: bus, clocks, flows, link, and the time with its zone. */
import type { ComponentChildren } from "preact";
import { countThere } from "../map/placed-nodes.ts";
import { soundBlocked } from "../state/alarm.ts";
import { alarmSound } from "../state/preferences.ts";
import {
  gatewayNowMs,
  hasPicture,
  health,
  helpOpen,
  link,
  local,
  nodeStates,
  nowMs,
  session,
  site,
} from "../state/store.ts";
import { age } from "../words.ts";
import { deskOpen } from "./desk.tsx";

type Level = "ok" | "warn" | "bad" | "unknown";
const glyphs: Record<Level, string> = { ok: "✓", warn: "!", bad: "✕", unknown: "?" };

function Light({
  level,
  label,
  title,
  children,
}: {
  level: Level;
  label: string;
  title?: string;
  children: ComponentChildren;
}) {
  return (
    <li class={`light is-${level}`} title={title}>
      <span class="light-glyph" aria-hidden="true">
        {glyphs[level]}
      </span>
      <span class="light-label">{label}</span> <span class="light-value">{children}</span>
    </li>
  );
}

function LinkLight() {
  const state = link.value;
  if (state.kind === "live")
    return (
      <Light level="ok" label="live">
        {hasPicture.value ? "now" : "…"}
      </Light>
    );
  if (state.kind === "connecting")
    return (
      <Light level="unknown" label="link">
        connecting
      </Light>
    );
  return (
    <Light level={state.kind === "stale" ? "warn" : "bad"} label="link">
      {state.kind === "stale" ? "silent" : "lost"} {age((nowMs.value - state.sinceMs) / 1000)}
    </Light>
  );
}

/** Are the nodes there at all, and well? Those that the site names and those that ever said a word. */
function NodesLight({ known }: { known: boolean }) {
  const named = site.value.kind === "ready" ? site.value.value.nodes : [];
  const { there, all, faulty } = countThere(named, nodeStates.value);
  const well = there === all && faulty === 0;
  const level = !known || all === 0 ? "unknown" : well ? "ok" : there === 0 ? "bad" : "warn";
  return (
    <Light
      level={level}
      label="nodes"
      title="nodes that are there, of all that the site has, and how many of those are faulty"
    >
      {all === 0 ? "none" : `${there}/${all}${faulty > 0 ? ` · ${faulty} faulty` : ""}`}
    </Light>
  );
}

/** Health as the gateway last said it; a `?` where it never did, or where what it said is no longer news. */
function Lights() {
  const said = health.value;
  const known = said !== undefined && link.value.kind === "live";
  const levelOf = (state: string | undefined): Level =>
    !known ? "unknown" : state === "ok" ? "ok" : state === "down" ? "bad" : "warn";
  const detail =
    said &&
    Object.entries(said.detail)
      .map(([name, value]) => `${name} ${value}`)
      .join(" · ");
  const clocks = said?.clocks;
  const synchronised = clocks !== undefined && clocks.synchronised === clocks.total;
  return (
    <ul class="lights" aria-label="State of the system">
      <LinkLight />
      <Light level={levelOf(said?.bus)} label="bus" title={detail}>
        {said?.bus ?? "?"}
      </Light>
      <NodesLight known={known} />
      <Light
        level={clocks?.total === 0 ? "unknown" : levelOf(synchronised ? "ok" : "some")}
        label="clocks"
        title="nodes whose clock can be trusted, of all that are there and have one"
      >
        {clocks === undefined ? "?" : `${clocks.synchronised}/${clocks.total}`}
      </Light>
      <Light level={levelOf(said?.flows)} label="flows" title={said?.flowsNote}>
        {said?.flows ?? "?"}
      </Light>
      {said?.relay !== undefined && (
        <Light level={levelOf(said.relay)} label="video">
          {said.relay}
        </Light>
      )}
    </ul>
  );
}

export function StatusBar() {
  const at = gatewayNowMs.value;
  const title = site.value.kind === "ready" ? site.value.value.title : "";
  return (
    <header class="bar">
      <h1 class="brand">
        <svg viewBox="0 0 32 32" width="1.375rem" height="1.375rem" aria-hidden="true">
          <g fill="none" stroke="currentColor" stroke-width="2.8" stroke-linecap="round">
            <path d="M10.6 18.2a6.4 6.4 0 0 1 10.8 0" />
            <path d="M6.6 14.6a11.4 11.4 0 0 1 18.8 0" />
          </g>
          <circle cx="16" cy="23" r="2.8" fill="currentColor" />
        </svg>
        <span>Tocsin</span>
        {title && <span class="brand-site">{title}</span>}
      </h1>
      <Lights />
      {(alarmSound.value === "off" || soundBlocked.value) && (
        <span class="light is-warn sound-off">
          <span class="light-glyph" aria-hidden="true">
            !
          </span>
          {alarmSound.value === "off" ? "alarm sound off" : "sound waits for a key or click"}
        </span>
      )}
      <time class="now" dateTime={new Date(at).toISOString()}>
        {local.value.clock(at)} <span class="zone">{local.value.zone(at)}</span>
      </time>
      <button
        type="button"
        class="quiet"
        aria-expanded={deskOpen.value}
        aria-controls="desk"
        onClick={() => {
          deskOpen.value = !deskOpen.value;
          helpOpen.value = false;
        }}
      >
        <span class="who">{session.value?.user ?? "desk"}</span>
        <svg viewBox="0 0 16 16" width="0.75rem" height="0.75rem" aria-hidden="true">
          <path d="M3 6l5 5 5-5" fill="none" stroke="currentColor" stroke-width="2" />
        </svg>
      </button>
      <button
        type="button"
        class="quiet help-button"
        aria-label="Help and keys"
        aria-keyshortcuts="?"
        aria-expanded={helpOpen.value}
        aria-controls="help"
        onClick={() => {
          helpOpen.value = !helpOpen.value;
          deskOpen.value = false;
        }}
      >
        ?
      </button>
    </header>
  );
}
