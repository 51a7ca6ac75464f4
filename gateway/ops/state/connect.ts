/** Opens the console's lines to the gateway once somebody is signed in, and closes them when nobody is. */
import { effect } from "@preact/signals";
import { api } from "../api.ts";
import { streetLines } from "../nearest-street.ts";
import { endedSession, loadDetail, startPages, watchOthersVerdicts } from "./actions.ts";
import { forgetField, hearField, loadField } from "./field.ts";
import { hearDrone, keepControl, loadDrones } from "./flight.ts";
import { keepLive, type Socket } from "./live.ts";
import {
  clockOffsetMs,
  filter,
  hear,
  incidentsById,
  link,
  nowMs,
  pageState,
  selectedId,
  session,
  site,
  streetIndex,
  streets,
} from "./store.ts";

let retry: () => void = () => {};
export const retryLink = (): void => retry();

function liveAddress(): string {
  const url = new URL("/api/live", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

interface Early {
  socket: WebSocket;
  said: { data: unknown; atMs: number }[];
}

/** The line that `early.ts` has opened, once, with what was said on it before; else a new one. */
function openLine(): Socket {
  const page = globalThis as { tocsinEarly?: Early };
  const early = page.tocsinEarly;
  delete page.tocsinEarly;
  if (early === undefined || early.socket.readyState > WebSocket.OPEN)
    return new WebSocket(liveAddress()) as unknown as Socket;
  const socket = early.socket as unknown as Socket;
  queueMicrotask(() => {
    for (const held of early.said) socket.onmessage?.(held);
  });
  return socket;
}

async function loadSite(): Promise<void> {
  site.value = { kind: "loading" };
  const answer = await api.site();
  if (endedSession(answer)) return;
  site.value = answer.ok ? { kind: "ready", value: answer.value } : { kind: "failed", error: answer.error };
}

export async function loadStreets(): Promise<void> {
  streets.value = { kind: "loading" };
  const answer = await api.streets();
  if (endedSession(answer)) return;
  streets.value = answer.ok ? { kind: "ready", value: answer.value } : { kind: "failed", error: answer.error };
  streetIndex.value = answer.ok ? streetLines(answer.value) : [];
}

/** The clock shows the gateway's second when it begins, and an age is at most this much behind. */
const TICK_MS = 500;

/** The queue is on screen first. */
const FIELD_AFTER_MS = 150;

/** Sounds and notices come in bursts: the record is fetched once for many of them. */
const RELOAD_MS = 150;

/** Follows the selected incident: its record is fetched when it is chosen and whenever something was added to it. */
function followSelected(): { added: (incident: unknown) => void; stop: () => void } {
  let pending: ReturnType<typeof setTimeout> | undefined;
  let shown: string | undefined;
  const reload = (id: string, afterMs: number) => {
    if (pending !== undefined) return;
    pending = setTimeout(() => {
      pending = undefined;
      if (selectedId.value === id) void loadDetail(id);
    }, afterMs);
  };
  const stop = effect(() => {
    const id = selectedId.value;
    const version = id === undefined ? undefined : incidentsById.value.get(id)?.version;
    const key = id === undefined ? undefined : `${id}/${version}`;
    if (key === shown) return;
    const sameIncident = shown?.startsWith(`${id}/`) === true;
    shown = key;
    if (!sameIncident) {
      clearTimeout(pending);
      pending = undefined;
    }
    if (id !== undefined) reload(id, sameIncident ? RELOAD_MS : 0);
  });
  return {
    added: (incident) => {
      if (incident !== undefined && incident === selectedId.value) reload(selectedId.value, RELOAD_MS);
    },
    stop: () => {
      stop();
      clearTimeout(pending);
    },
  };
}

/** Ends with `until`. */
export function connect(until: AbortSignal): void {
  const lines = new AbortController();
  let siteRetry: ReturnType<typeof setTimeout> | undefined;
  let fieldSoon: ReturnType<typeof setTimeout> | undefined;
  const loadWhatIsMissing = () => {
    if (site.value.kind !== "ready") void loadSite();
    if (streets.value.kind !== "ready") void loadStreets();
  };
  loadWhatIsMissing();
  const following = followSelected();
  keepControl(lines.signal);
  const stopWatching = watchOthersVerdicts();
  retry = keepLive({
    open: openLine,
    nowMs: () => Date.now(),
    jitter: () => Math.random(),
    onEvent: (event, heardMs) => {
      if (event.type === "snapshot") {
        void loadDrones();
        queueMicrotask(() => startPages(event.incidents, event.total));
        clearTimeout(fieldSoon);
        fieldSoon = setTimeout(loadField, FIELD_AFTER_MS);
        clearTimeout(siteRetry);
        siteRetry = setTimeout(loadWhatIsMissing, 1000);
        if (selectedId.value !== undefined) void loadDetail(selectedId.value);
      }
      if (event.type === "message") following.added((event.message as { incident?: unknown } | undefined)?.incident);
      const missed = hear(event, heardMs);
      if (!missed) {
        following.added(hearDrone(event));
        hearField(event);
      }
      return missed;
    },
    onLink: (state) => {
      if (state.kind !== "live" || link.value.kind !== "live") link.value = state;
    },
    mayRetry: async () => !endedSession(await api.session()),
    signal: lines.signal,
  });
  const online = () => retry();
  addEventListener("online", online);
  let tick: ReturnType<typeof setTimeout>;
  const tickOn = () => {
    nowMs.value = Date.now();
    tick = setTimeout(tickOn, TICK_MS - ((nowMs.value + clockOffsetMs.peek()) % TICK_MS) + 2);
  };
  tickOn();
  const stopFilter = effect(() => {
    // Another filter has another end.
    filter.value;
    pageState.value = { kind: "idle" };
  });
  until.addEventListener("abort", () => {
    lines.abort();
    clearTimeout(tick);
    clearTimeout(siteRetry);
    clearTimeout(fieldSoon);
    forgetField();
    removeEventListener("online", online);
    following.stop();
    stopWatching();
    stopFilter();
    clockOffsetMs.value = 0;
    link.value = { kind: "connecting" };
    retry = () => {};
  });
}

/** Connects while somebody is signed in. Returns a function that stops. */
export function connectWhileSignedIn(): () => void {
  let current: AbortController | undefined;
  const stop = effect(() => {
    const signedIn = session.value != null;
    if (signedIn && current === undefined) {
      current = new AbortController();
      connect(current.signal);
    } else if (!signedIn && current !== undefined) {
      current.abort();
      current = undefined;
    }
  });
  return () => {
    stop();
    current?.abort();
  };
}
