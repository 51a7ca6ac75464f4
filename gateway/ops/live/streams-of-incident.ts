/** Which cameras an incident has, and in which order they are shown: the caller, drone and robot that are there, then lampposts by distance. Pure. */
import type { CallerView } from "#contract/caller.ts";
import type { IncidentState } from "#contract/incident.ts";
import type { SiteView } from "#contract/ops-api.ts";
import type { StreamView } from "#contract/video.ts";
import { enOf } from "../geometry.ts";

/** Cameras farther away than this see nothing of it. */
export const NEAR_M = 250;
export const MOST_TILES = 8;

export interface TileStream {
  stream: string;
  kind: "caller" | "drone" | "robot" | "lamp";
  /** Who or what it is, in a word or two. */
  name: string;
  /** What else tells it apart. */
  more: string;
  /** Here for something else, or standing in its dock: no nearer to being looked at than a lamppost. */
  aside?: true;
  distanceM?: number;
  view?: StreamView;
}

export interface Around {
  streams: ReadonlyMap<string, StreamView>;
  /** That the gateway wanted or recorded for it. */
  wanted: readonly string[];
  site: SiteView | undefined;
  /** Drones and robots that are out for it. */
  drones: readonly string[];
  robots: readonly string[];
  /** What all others of them do, in words. */
  aside: ReadonlyMap<string, { kind: "drone" | "robot"; does: string }>;
  callers: readonly CallerView[];
}

const order: TileStream["kind"][] = ["caller", "drone", "robot", "lamp"];
const rank = ({ kind, aside }: TileStream) => order.indexOf(aside ? "lamp" : kind);

export function streamsOf(incident: IncidentState, around: Around): TileStream[] {
  const { streams, wanted, site, drones, robots, aside, callers } = around;
  const tiles: TileStream[] = [];
  for (const caller of callers) {
    const view = streams.get(caller.streams.phone);
    if (caller.state !== "open" && view === undefined) continue;
    if (caller.state !== "open" && !wanted.includes(caller.streams.phone)) continue;
    tiles.push({ stream: caller.streams.phone, kind: "caller", name: "Caller", more: "phone", ...(view && { view }) });
  }
  for (const view of streams.values()) {
    const { stream, node, camera, label } = view;
    if (node.startsWith("caller-") || node.startsWith("operator-")) continue;
    const more = label ?? camera;
    if (drones.includes(node)) tiles.push({ stream, kind: "drone", name: node, more, view });
    else if (robots.includes(node)) tiles.push({ stream, kind: "robot", name: node, more, view });
    else {
      const at = site?.nodes.find(({ id }) => id === node);
      const distanceM = at && incident.place && Math.hypot(...enOf(incident.place, at));
      const near = distanceM !== undefined && distanceM <= NEAR_M;
      if (!near && !wanted.includes(stream)) continue;
      const other = aside.get(node);
      const what = other
        ? { kind: other.kind, more: `${more}, ${other.does}`, aside: true as const }
        : { kind: "lamp" as const, more };
      tiles.push({ stream, name: node, ...what, view, ...(distanceM !== undefined && { distanceM }) });
    }
  }
  return tiles
    .sort(
      (a, b) =>
        rank(a) - rank(b) ||
        (a.distanceM ?? Number.POSITIVE_INFINITY) - (b.distanceM ?? Number.POSITIVE_INFINITY) ||
        (a.stream < b.stream ? -1 : 1),
    )
    .slice(0, MOST_TILES);
}
