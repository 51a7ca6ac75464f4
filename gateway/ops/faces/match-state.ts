/** Possible matches as signals, and what people say of them. A match that is chosen is looked at, and that look is on the record. */
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import type { FaceListView, FaceMatchDetail, FaceMatchView } from "#contract/face-api.ts";
import { json } from "../api.ts";
import { endedSession } from "../state/actions.ts";
import { loadFaces, matchNews } from "../state/field.ts";
import { type Loaded, me, tab, workKeys } from "../state/store.ts";
import { type MatchAct, matchActs } from "./match-words.ts";

export const matchFilter = signal<"open" | "all">("open");
export const matches = signal<Loaded<readonly FaceMatchView[]>>({ kind: "idle" });
export const total = signal(0);
export const chosenMatch = signal<string | undefined>(undefined);
export const matchDetail = signal<Loaded<FaceMatchDetail>>({ kind: "idle" });
export const lists = signal<Loaded<readonly FaceListView[]>>({ kind: "idle" });
export const judging = signal<MatchAct | undefined>(undefined);
export const matchBusy = signal(false);
export const matchSaid = signal<{ text: string; failed: boolean } | undefined>(undefined);
export const mayJudge = computed(() => me.value.roles.some((role) => role === "reviewer" || role === "dispatch"));

export async function loadMatches(): Promise<void> {
  if (matches.value.kind !== "ready") matches.value = { kind: "loading" };
  const open = matchFilter.value === "open";
  const answer = await json<{ matches: FaceMatchView[]; total: number }>(
    "GET",
    `/api/faces/matches?limit=200${open ? "&status=open" : ""}`,
  );
  if (endedSession(answer)) return;
  matches.value = answer.ok ? { kind: "ready", value: answer.value.matches } : { kind: "failed", error: answer.error };
  if (answer.ok) total.value = answer.value.total;
}

export async function loadLists(): Promise<void> {
  if (lists.value.kind !== "ready") lists.value = { kind: "loading" };
  const answer = await json<{ lists: FaceListView[] }>("GET", "/api/faces/lists");
  if (endedSession(answer)) return;
  lists.value = answer.ok ? { kind: "ready", value: answer.value.lists } : { kind: "failed", error: answer.error };
}

export async function loadMatch(id: string): Promise<void> {
  const answer = await json<FaceMatchDetail>("GET", `/api/faces/matches/${encodeURIComponent(id)}`);
  if (chosenMatch.value !== id || endedSession(answer)) return;
  matchDetail.value = answer.ok ? { kind: "ready", value: answer.value } : { kind: "failed", error: answer.error };
}

export function chooseMatch(id: string, show = true): void {
  batch(() => {
    if (chosenMatch.value !== id) {
      chosenMatch.value = id;
      matchDetail.value = { kind: "loading" };
      judging.value = undefined;
      matchSaid.value = undefined;
    }
    if (show && tab.value === "queue") tab.value = "incident";
  });
  void loadMatch(id);
}

export async function judge(act: MatchAct, reason: string): Promise<void> {
  const now = matchDetail.value;
  if (now.kind !== "ready" || matchBusy.value) return;
  const { match, version } = now.value.match;
  matchBusy.value = true;
  const answer = await json<FaceMatchView>("POST", `/api/faces/matches/${encodeURIComponent(match)}/verdict`, {
    status: act.status,
    reason,
    version,
  });
  matchBusy.value = false;
  if (endedSession(answer)) return;
  batch(() => {
    judging.value = undefined;
    matchSaid.value = answer.ok
      ? { text: `${act.label}: ${reason}.`, failed: false }
      : {
          text:
            answer.status === 409
              ? `Not done: ${answer.error}. Somebody was faster; look again.`
              : `Not done: ${answer.error}.`,
          failed: true,
        };
  });
  await Promise.all([loadMatch(match), loadMatches(), loadFaces()]);
}

export async function revoke(list: string, jws: string): Promise<string | undefined> {
  const answer = await json<FaceListView>("POST", `/api/faces/lists/${encodeURIComponent(list)}/revoke`, { jws });
  if (endedSession(answer)) return undefined;
  await loadLists();
  return answer.ok ? undefined : answer.error;
}

function stepMatch(by: 1 | -1): void {
  if (matches.value.kind !== "ready") return;
  const ids = matches.value.value.map(({ match }) => match);
  const at = chosenMatch.value === undefined ? -1 : ids.indexOf(chosenMatch.value);
  const next = ids[at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + by))];
  if (next !== undefined) chooseMatch(next, false);
}

/** Keys that mean the same everywhere. All others are for the match: none may reach an incident that is not on screen. */
const elsewhere = ["?", "q", "m", "t"];

/** True where the key is used up here. */
function pressed(key: string): boolean {
  if (elsewhere.includes(key)) return false;
  if (judging.value !== undefined) {
    const reason = /^[1-9]$/.test(key) ? judging.value.reasons[Number(key) - 1] : undefined;
    if (reason !== undefined) void judge(judging.value, reason);
    else if (key === "0") document.getElementById("match-reason")?.focus();
    else if (key === "Escape") judging.value = undefined;
    return true;
  }
  if (key === "Escape") return false;
  const act = matchActs.find((one) => one.key === key);
  const now = matchDetail.value;
  if (key === "j" || key === "k") stepMatch(key === "j" ? 1 : -1);
  else if (act !== undefined) {
    if (now.kind === "ready" && now.value.match.status === "open" && mayJudge.value) judging.value = act;
    else matchSaid.value = { text: "Nothing done: no match that waits is chosen.", failed: true };
  }
  return act !== undefined || /^[a-z0-9X]$/.test(key);
}

/** While the matches are shown. Returns what ends it. */
export function followMatches(): () => void {
  workKeys.value = pressed;
  const stop = effect(() => {
    matchNews.value;
    matchFilter.value;
    untracked(() => {
      void loadMatches();
      const id = chosenMatch.value;
      if (id !== undefined && matchNews.value.last?.match === id) void loadMatch(id);
    });
  });
  void loadLists();
  return () => {
    stop();
    if (workKeys.value === pressed) workKeys.value = undefined;
  };
}
