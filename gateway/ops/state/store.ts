/** The console's state as signals. Panels read them; `actions.ts` and the live link write them. */
import { batch, computed, signal } from "@preact/signals";
import type { IncidentState } from "#contract/incident.ts";
import type { IncidentDetail, LiveEvent, Session, SiteView } from "#contract/ops-api.ts";
import { localTime } from "../local-time.ts";
import { nearestStreets, type StreetLine, streetWords } from "../nearest-street.ts";
import type { Link } from "./live.ts";
import { emptyPicture, fold, type Picture, type QueueFilter, queueOf } from "./picture.ts";

export type Loaded<T> =
  | { kind: "idle" }
  | { kind: "loading" }
  | { kind: "ready"; value: T }
  | { kind: "failed"; error: string };

/** `undefined` until the gateway answered; `null` when nobody is signed in. */
export const session = signal<Session | null | undefined>(undefined);
/** Why the login page is shown, where it is not the first visit. */
export const signedOutBecause = signal<string | undefined>(undefined);
export const site = signal<Loaded<SiteView>>({ kind: "idle" });
export const streets = signal<Loaded<unknown>>({ kind: "idle" });
export const streetIndex = signal<readonly StreetLine[]>([]);

export const picture = signal<Picture>(emptyPicture);
export const link = signal<Link>({ kind: "connecting" });
/** Gateway's clock less this computer's, milliseconds. */
export const clockOffsetMs = signal(0);
/** This computer's time, milliseconds; ticks twice a second, on the gateway's second and between. */
export const nowMs = signal(Date.now());
export const gatewayNowMs = computed(() => nowMs.value + clockOffsetMs.value);

export const filter = signal<QueueFilter>("open");
/** Parts of the picture that stay the same value while only its age changes, so that what hangs on them rests. */
export const incidentsById = computed(() => picture.value.incidents);
export const newestFirst = computed(() => picture.value.order);
export const nodeStates = computed(() => picture.value.nodes);
export const total = computed(() => picture.value.total);
export const health = computed(() => picture.value.health);
/** Whether the gateway has said anything yet. */
export const hasPicture = computed(() => picture.value.asOf !== undefined);

export const openIds = computed(() => queueOf({ incidents: incidentsById.value, order: newestFirst.value }, "open"));
export const openCount = computed(() => openIds.value.length);
/** Ids of the incidents in the queue, newest first. */
export const queue = computed(() => (filter.value === "open" ? openIds.value : newestFirst.value));
export const selectedId = signal<string | undefined>(undefined);
export const selected = computed(() =>
  selectedId.value === undefined ? undefined : incidentsById.value.get(selectedId.value),
);
/** Detail of the selected incident; kept while a newer one is fetched. */
export const detail = signal<Loaded<IncidentDetail>>({ kind: "idle" });
/** Which round's evidence is shown, by shot id; the first where unset. */
export const roundShot = signal<string | undefined>(undefined);
export const rings = signal(false);
/** The incident whose pictures were asked for by hand. */
export const videoAsked = signal<string | undefined>(undefined);

export type Tab = "queue" | "map" | "incident";
export const tab = signal<Tab>("queue");
/** The verdict whose reason is being asked. */
export const asking = signal<"confirmed" | "dismissed" | "escalated" | "unreviewed" | undefined>(undefined);
/** What the last action did, or why it failed; read out. */
export const said = signal<{ text: string; failed: boolean } | undefined>(undefined);
export const busy = signal(false);
export const helpOpen = signal(false);
/** What the left of the desk lists: incidents, possible matches, or what is in the field. */
export const work = signal<"incidents" | "matches" | "field">("incidents");
/** Keys of what is shown in place of the incident; true where the key did something. */
export const workKeys = signal<((key: string) => boolean) | undefined>(undefined);
export const me = computed(() => ({ user: session.value?.user ?? "", roles: session.value?.roles ?? [] }));
export const pageState = signal<Loaded<true>>({ kind: "idle" });

export const local = computed(() =>
  localTime(site.value.kind === "ready" ? site.value.value.timeZone : Intl.DateTimeFormat().resolvedOptions().timeZone),
);

const today = computed(() => local.value.day(gatewayNowMs.value));

/** `22 Nov`, of another day than today's; a time of day alone would be taken for today's. */
export function otherDay(utc: string): string | undefined {
  const day = local.value.day(utc);
  return day === today.value ? undefined : day;
}

/** `18:04:31`, with the day where it was another one. */
export const when = (utc: string): string => [otherDay(utc), local.value.clock(utc)].filter(Boolean).join(" ");

const nearCache = new Map<string, ReturnType<typeof nearestStreets>>();
let nearCacheOf: readonly StreetLine[] | undefined;

/** "Dumont Ave near Powell St", cached per place. */
export function nearWords(place: { lat: number; lon: number } | undefined, short = false): string | undefined {
  const lines = streetIndex.value;
  if (place === undefined || lines.length === 0) return undefined;
  if (nearCacheOf !== lines || nearCache.size > 5000) {
    nearCache.clear();
    nearCacheOf = lines;
  }
  const key = `${place.lat.toFixed(6)},${place.lon.toFixed(6)}`;
  if (!nearCache.has(key)) nearCache.set(key, nearestStreets(lines, place));
  return streetWords(nearCache.get(key), short);
}

/** Where an incident may be, in few words; every place that fits is named. */
export function placesWords(incident: IncidentState): string | undefined {
  const places = [incident.place, ...(incident.alternatives ?? [])].map((place) => nearWords(place, true));
  if (places.length === 1) return places[0];
  const streets = [
    ...new Set(places.filter((place) => place !== undefined).map((place) => place.split(/ near | at /)[0])),
  ];
  return streets.length === 0 ? undefined : streets.join(" or ");
}

/**
 * Folds one live event in; true where events were missed.
 * @param heardMs when it came, by this computer's clock: the gateway's clock is told from it.
 */
export function hear(event: LiveEvent, heardMs: number): boolean {
  const step = fold(picture.value, event);
  if (step.gap) return true;
  batch(() => {
    picture.value = step.picture;
    const offset = Date.parse(event.at) - heardMs;
    if (Math.abs(offset - clockOffsetMs.value) > 250) clockOffsetMs.value = offset;
  });
  return false;
}
