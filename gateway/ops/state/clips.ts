/** Sounds of arrivals, fetched once when they come into view. At most `LIMIT` are kept, the longest unused go first. */
import { type Signal, signal } from "@preact/signals";
import { api } from "../api.ts";
import { decodeWav, type Sound } from "../wav.ts";
import { endedSession } from "./actions.ts";
import type { Loaded } from "./store.ts";

export const LIMIT = 96;
const kept = new Map<string, Signal<Loaded<Sound>>>();

/** The sound's state; asking for it again after a failure fetches it anew. */
export function clipOf(incident: string, arrival: string): Signal<Loaded<Sound>> {
  const key = `${incident}/${arrival}`;
  const known = kept.get(key);
  if (known !== undefined) {
    kept.delete(key);
    kept.set(key, known);
    return known;
  }
  const state = signal<Loaded<Sound>>({ kind: "idle" });
  kept.set(key, state);
  if (kept.size > LIMIT) kept.delete(kept.keys().next().value!);
  return state;
}

export async function fetchClip(incident: string, arrival: string): Promise<void> {
  const state = clipOf(incident, arrival);
  if (state.value.kind === "loading" || state.value.kind === "ready") return;
  state.value = { kind: "loading" };
  const answer = await api.clip(incident, arrival);
  if (endedSession(answer)) return;
  if (!answer.ok) {
    state.value = { kind: "failed", error: answer.error };
    return;
  }
  try {
    state.value = { kind: "ready", value: decodeWav(answer.value) };
  } catch (cause) {
    state.value = { kind: "failed", error: (cause as Error).message };
  }
}
