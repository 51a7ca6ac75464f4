/** The drone's part of a node's configuration. */
import { readFileSync } from "node:fs";
import * as v from "valibot";
import { Fault } from "#contract/errors.ts";
import { Finite } from "#contract/units.ts";
import { FlightSite } from "#core/handoff/site.ts";
import { flatTerrain, type Terrain } from "#core/handoff/terrain.ts";

const TerrainFile = v.object({
  southWest: v.object({ lat: Finite, lon: Finite }),
  cellM: v.pipe(Finite, v.gtValue(0)),
  columns: v.pipe(v.number(), v.integer(), v.minValue(2)),
  rows: v.pipe(v.number(), v.integer(), v.minValue(2)),
  groundM: v.array(Finite),
  surfaceM: v.array(Finite),
});

export const FlyConfig = v.strictObject({
  vehicle: v.strictObject({
    /** Where the autopilot is: `udpin://0.0.0.0:14540`, `serial:///dev/ttyACM0:57600`, `tcpout://host:port`. */
    url: v.pipe(
      v.string(),
      v.regex(/^(udpin|udpout|tcpin|tcpout|serial):\/\/\S+$/, "must be like udpin://0.0.0.0:14540"),
    ),
    systemId: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(255)), 245),
    /** Folder of mavsdk_server; where the set-up put it, if not given. */
    mavsdkFolder: v.optional(v.string()),
  }),
  dock: v.variant("kind", [
    v.strictObject({
      kind: v.literal("tcp"),
      host: v.optional(v.string(), "127.0.0.1"),
      port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
    }),
    /** Our firmware on a serial port; `/dev/serial/by-id/...` keeps its name when others are plugged in. */
    v.strictObject({
      kind: v.literal("serial"),
      path: v.pipe(v.string(), v.minLength(1)),
      baudRate: v.optional(v.pipe(v.number(), v.integer(), v.minValue(9600), v.maxValue(4_000_000)), 115_200),
    }),
  ]),
  /** Ground and what stands on it: a file with a `Terrain`, or flat ground whose owner says how high the tallest thing on it is. */
  terrain: v.union(
    [
      v.strictObject({ file: v.string() }),
      v.strictObject({
        flat: v.strictObject({ tallestM: v.pipe(Finite, v.minValue(0)), reachM: v.pipe(Finite, v.gtValue(0)) }),
      }),
    ],
    "must be { file } or { flat: { tallestM, reachM } }",
  ),
  flight: FlightSite,
});
export type FlyConfig = v.InferOutput<typeof FlyConfig>;

/** @throws Fault (config) when the file cannot be used. */
export function terrainOf({ terrain, flight }: FlyConfig): Terrain {
  if ("flat" in terrain) return flatTerrain(flight.dock, flight.dock.altM, terrain.flat.tallestM, terrain.flat.reachM);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(terrain.file, "utf8"));
  } catch (cause) {
    throw new Fault("config", `roles.fly.terrain.file: ${terrain.file}: ${(cause as Error).message}`, { cause });
  }
  const parsed = v.safeParse(TerrainFile, json);
  if (!parsed.success)
    throw new Fault("config", `roles.fly.terrain.file: ${terrain.file}: ${parsed.issues[0].message}`);
  const { columns, rows, groundM, surfaceM } = parsed.output;
  if (groundM.length !== columns * rows || surfaceM.length !== columns * rows) {
    throw new Fault(
      "config",
      `roles.fly.terrain.file: ${terrain.file}: needs ${columns * rows} heights in groundM and in surfaceM`,
    );
  }
  return parsed.output;
}
