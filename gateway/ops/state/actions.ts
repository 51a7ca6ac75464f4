/** What people do: every act goes to the gateway and comes back as a newer version; nothing is changed here first. */
import { batch, effect } from "@preact/signals";
import type { IncidentState, IncidentStatus } from "#contract/incident.ts";
import { type Answer, api } from "../api.ts";
import { statusWord } from "../words.ts";
import { sortKey, withIncident, withPage } from "./picture.ts";
import {
  asking,
  busy,
  detail,
  filter,
  newestFirst,
  pageState,
  picture,
  queue,
  roundShot,
  said,
  selected,
  selectedId,
  session,
  signedOutBecause,
  tab,
  work,
} from "./store.ts";

export const PAGE = 200;

/** True where the answer says that nobody is signed in any more; the login page then comes up by itself. */
export function endedSession(answer: Answer<unknown>): boolean {
  if (answer.ok || answer.status !== 401) return false;
  batch(() => {
    signedOutBecause.value = "Your session ended. Sign in again; nothing was lost.";
    session.value = null;
  });
  return true;
}

export function select(id: string | undefined, show = true): void {
  batch(() => {
    if (selectedId.value !== id) {
      selectedId.value = id;
      roundShot.value = undefined;
      asking.value = undefined;
      said.value = undefined;
      detail.value = id === undefined ? { kind: "idle" } : { kind: "loading" };
    }
    if (show && id !== undefined) work.value = "incidents";
    if (show && id !== undefined && tab.value === "queue") tab.value = "incident";
  });
}

/** Moves the selection through the queue: `+1` to the older, `-1` to the newer. */
export function step(by: 1 | -1): void {
  const ids = queue.value;
  if (ids.length === 0) return;
  const at = selectedId.value === undefined ? -1 : ids.indexOf(selectedId.value);
  const next = at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + by));
  select(ids[next], false);
}

/** Fetches the selected incident's record; the one on screen stays until the new one is there. */
export async function loadDetail(id: string): Promise<void> {
  const answer = await api.detail(id);
  if (selectedId.value !== id || endedSession(answer)) return;
  detail.value = answer.ok ? { kind: "ready", value: answer.value } : { kind: "failed", error: answer.error };
}

async function act(what: (incident: IncidentState) => Promise<Answer<IncidentState>>, done: string): Promise<boolean> {
  const incident = selected.value;
  if (incident === undefined || busy.value) return false;
  busy.value = true;
  const answer = await what(incident);
  busy.value = false;
  if (endedSession(answer)) return false;
  if (answer.ok) {
    batch(() => {
      picture.value = withIncident(picture.value, answer.value);
      said.value = { text: done, failed: false };
      asking.value = undefined;
    });
    void loadDetail(incident.incident);
    return true;
  }
  const moved = answer.status === 409;
  said.value = {
    text: moved
      ? `Not done: the incident changed while you looked (it was version ${incident.version}). Look again, then repeat.`
      : `Not done: ${answer.error}`,
    failed: true,
  };
  if (moved) void loadDetail(incident.incident);
  return false;
}

export function take(): Promise<boolean> {
  return act((incident) => api.take(incident.incident), "You have it. Everybody sees that you took it.");
}

export function giveVerdict(status: IncidentStatus, reason: string): Promise<boolean> {
  return act(
    (incident) => api.verdict(incident.incident, { status, reason, version: incident.version }),
    status === "unreviewed" ? "Back to unreviewed." : `${statusWord(status)}: ${reason}.`,
  );
}

export function addNote(text: string): Promise<boolean> {
  return act((incident) => api.note(incident.incident, text), "Note added.");
}

/** Last incident of the unbroken run of pages, per way of asking. Incidents known from elsewhere may lie below it. */
const reached = new Map<string, string>();

async function fetchPage(status?: IncidentStatus): Promise<Answer<{ incidents: IncidentState[]; total: number }>> {
  const way = status ?? "all";
  const before = reached.get(way);
  const answer = await api.page({
    limit: PAGE,
    ...(before !== undefined && { before }),
    ...(status !== undefined && { status }),
  });
  if (!answer.ok) return answer;
  const { incidents, total } = answer.value;
  const last = incidents.at(-1);
  if (last !== undefined) reached.set(way, last.incident);
  picture.value = withPage(picture.value, incidents, status === undefined ? total : picture.value.total);
  return answer;
}

/** The next older page of the queue under the present filter. */
export async function loadOlder(): Promise<void> {
  if (pageState.value.kind !== "idle" && pageState.value.kind !== "failed") return;
  const open = filter.value === "open";
  if (!open && newestFirst.value.length >= picture.value.total) return;
  pageState.value = { kind: "loading" };
  const answers = open ? [await fetchPage("unreviewed"), await fetchPage("escalated")] : [await fetchPage()];
  const failed = answers.find((answer) => !answer.ok);
  if (failed !== undefined && endedSession(failed)) return;
  const ended = answers.every((answer) => answer.ok && answer.value.incidents.length < PAGE);
  if (failed !== undefined && !failed.ok) pageState.value = { kind: "failed", error: failed.error };
  else pageState.value = ended ? { kind: "ready", value: true } : { kind: "idle" };
}

/**
 * After a snapshot: pages start anew behind it, and what is open but older than it is fetched, so that the queue never says
 * that nothing waits while something does.
 */
export function startPages(snapshot: readonly IncidentState[], total: number): void {
  reached.clear();
  pageState.value = { kind: "idle" };
  const oldest = snapshot.reduce<IncidentState | undefined>(
    (low, incident) => (low === undefined || sortKey(incident.firedAt) < sortKey(low.firedAt) ? incident : low),
    undefined,
  );
  if (oldest !== undefined) reached.set("all", oldest.incident);
  if (total > snapshot.length && filter.value === "open") void loadOlder();
}

/** Somebody else's verdict ends the choice of a reason: nobody overrules what they have not seen. Returns what stops it. */
export function watchOthersVerdicts(): () => void {
  let seen: { incident: string; at: string | undefined } | undefined;
  return effect(() => {
    const incident = selected.value;
    if (incident === undefined || asking.value === undefined) {
      seen = undefined;
      return;
    }
    const now = { incident: incident.incident, at: incident.verdict?.at };
    const before = seen;
    seen = now;
    if (before === undefined || before.incident !== now.incident || before.at === now.at || busy.peek()) return;
    const { by, status, reason } = incident.verdict!;
    if (by === session.peek()?.user) return;
    batch(() => {
      asking.value = undefined;
      said.value = { text: `Not done: ${by} said ${status} (${reason}) while you chose. Look again.`, failed: true };
    });
  });
}
