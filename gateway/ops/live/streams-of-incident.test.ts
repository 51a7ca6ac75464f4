import { test } from "uvu";
import * as assert from "uvu/assert";
import type { StreamView } from "#contract/video.ts";
import { siteOf } from "../fixtures/city.ts";
import { callerOf } from "../fixtures/field-samples.ts";
import { burst } from "../fixtures/page.ts";
import { MOST_TILES, NEAR_M, streamsOf } from "./streams-of-incident.ts";

const view = (stream: string): StreamView => ({
  stream,
  node: stream.split(".")[0]!,
  camera: stream.split(".")[1]!,
  phase: "idle",
  live: false,
  viewers: 0,
  watchedBy: [],
  recordingFor: [],
});
const around = (names: string[], more: object = {}) => ({
  streams: new Map(names.map((name) => [name, view(name)])),
  wanted: [],
  site: siteOf(),
  drones: [],
  robots: [],
  aside: new Map(),
  callers: [],
  ...more,
});

test("caller, drone and robot that are there come first, then lampposts by distance; what is elsewhere is not shown", () => {
  const incident = burst();
  const lamps = siteOf().nodes.map(({ id }) => `${id}.front`);
  const tiles = streamsOf(
    incident,
    around(["d1.gimbal", "d2.gimbal", "robot-1.front", "operator-c4ll.voice", ...lamps], {
      drones: ["d1"],
      robots: ["robot-1"],
      callers: [callerOf(incident.incident)],
    }),
  );
  assert.equal(
    tiles.slice(0, 3).map(({ stream }) => stream),
    ["caller-c4ll.phone", "d1.gimbal", "robot-1.front"],
  );
  const far = tiles.slice(3).map(({ distanceM }) => distanceM!);
  assert.ok(far.length > 0 && far.every((m, i) => m <= NEAR_M && (i === 0 || m >= far[i - 1]!)), far.join(" "));
  assert.ok(tiles.length <= MOST_TILES);
});

test("a camera that was recorded for it is shown however far away; a phone whose link is over is not", () => {
  const incident = burst();
  const tiles = streamsOf(
    incident,
    around(["x9.front"], { wanted: ["x9.front"], callers: [callerOf(incident.incident, { state: "ended" })] }),
  );
  assert.equal(
    tiles.map(({ stream }) => stream),
    ["x9.front"],
  );
});

test("the camera of a drone in its dock is called one, not a lamppost's, and does not come before the lampposts near by", () => {
  const incident = burst();
  const lamp = siteOf().nodes[0]!.id;
  const aside = new Map([["d1", { kind: "drone" as const, does: "in its dock" }]]);
  const wanted = ["d1.gimbal", `${lamp}.front`];
  const tiles = streamsOf(incident, around(wanted, { wanted, aside }));
  assert.equal(
    tiles.map(({ name, kind, more }) => [name, kind, more]),
    [
      [lamp, "lamp", "front"],
      ["d1", "drone", "gimbal, in its dock"],
    ],
  );
});

test.run();
