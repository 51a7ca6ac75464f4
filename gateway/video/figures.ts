/** What `/metrics` says of video. */
import type { Registry } from "prom-client";
import { addFigures } from "../metrics.ts";
import type { RelayFigures } from "../relay/pipe.ts";
import type { Facts } from "./facts.ts";
import type { Recordings } from "./recordings.ts";
import type { RelayProcess } from "./relay-process.ts";
import type { Rows } from "./rows.ts";

export interface VideoParts {
  relay: RelayProcess;
  recordings: Recordings;
  facts: Facts;
  rows: readonly Rows[];
  /** The relay's own, a second old at most. */
  figures(): RelayFigures;
}

export function addVideoFigures(metrics: Registry, { relay, recordings, facts, rows, figures }: VideoParts): void {
  const of = (pick: (each: RelayFigures["streams"][string]) => number) =>
    Object.fromEntries(Object.entries(figures().streams).map(([name, each]) => [name, pick(each)]));
  addFigures(metrics, [
    { name: "relay_running", help: "1 while the relay runs", read: () => (relay.state === "ok" ? 1 : 0) },
    { name: "relay_restarts", help: "Restarts of the relay's process", read: () => relay.counters.restarts },
    { name: "relay_stuck", help: "Times the relay did not answer", read: () => relay.counters.stuck },
    { name: "relay", help: "Counters of the relay's process", label: "what", read: () => figures().counters },
    { name: "video_viewers", help: "Viewers by stream", label: "stream", read: () => of((each) => each.viewers) },
    {
      name: "video_bitrate_bps",
      help: "Coming in, by stream",
      label: "stream",
      read: () => of((each) => each.bitrateBps),
    },
    {
      name: "video_loss_ratio",
      help: "Lost on the way in, by stream",
      label: "stream",
      read: () => of((each) => each.lossRatio),
    },
    {
      name: "video_slowest_viewer_bps",
      help: "What the path of the slowest viewer takes, by stream",
      label: "stream",
      read: () => of((each) => each.slowestViewerBps ?? 0),
    },
    {
      name: "video_viewers_thinned",
      help: "Viewers whose path carries keyframes alone, by stream",
      label: "stream",
      read: () => of((each) => each.thinnedFor.length),
    },
    {
      name: "video_facts_waiting",
      help: "Not on incidents' records yet: the disk takes nothing",
      read: () => facts.waiting,
    },
    { name: "video_facts_dropped", help: "Given up: too many waited", read: () => facts.counters.dropped },
    {
      name: "video_rows_waiting",
      help: "Wants, orders and gaps that are not on disk yet: it takes nothing",
      read: () => rows.reduce((sum, { waiting }) => sum + waiting, 0),
    },
    {
      name: "video_rows_dropped",
      help: "Wants, orders and gaps that never came to disk: too many waited",
      read: () => rows.reduce((sum, { counters }) => sum + counters.dropped, 0),
    },
    { name: "video_recordings", help: "Work of the recordings", label: "what", read: () => recordings.counters },
  ]);
}
