/** The part of a node's configuration about its neighbours, who triangulate among themselves while the gateway is out of reach. */
import { resolve } from "node:path";
import * as v from "valibot";
import { isSecretHash } from "#contract/secret-hash.ts";
import { NodeId } from "#contract/units.ts";

export const Port = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1, "must be 1 to 65535"),
  v.maxValue(65535, "must be 1 to 65535"),
);

const Url = v.pipe(
  v.string("is missing, such as mqtt://10.20.0.11:1884"),
  v.regex(/^mqtts?:\/\/[^/\s]+$/, "must be mqtt://host:port or mqtts://host:port"),
);

export const Neighbours = v.pipe(
  v.strictObject({
    /** This node's secret among its neighbours; another than the one for the gateway. */
    secret: v.optional(v.pipe(v.string(), v.minLength(1))),
    secretFile: v.optional(v.string()),
    /** Every broker that a neighbour (or this node) carries. */
    brokers: v.pipe(v.array(Url), v.minLength(1, "name at least one"), v.maxLength(4, "name at most four")),
    caFile: v.optional(v.string()),
    /** Where this node carries a broker itself. */
    listen: v.optional(
      v.pipe(
        v.strictObject({
          host: v.optional(v.string(), "0.0.0.0"),
          port: Port,
          certFile: v.optional(v.string()),
          keyFile: v.optional(v.string()),
          /** Who may come in, this node included. */
          nodes: v.pipe(
            v.array(
              v.strictObject({
                node: NodeId,
                secretHash: v.pipe(
                  v.string("is missing; `tocsin gateway hash --new` makes one"),
                  v.check(isSecretHash, "must be what `tocsin gateway hash` prints"),
                ),
              }),
            ),
            v.minLength(1, "name at least one"),
            v.maxLength(200, "name at most 200"),
          ),
        }),
        v.check(
          ({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined),
          "give both certFile and keyFile, or neither",
        ),
      ),
    ),
  }),
  v.check(
    ({ secret, secretFile }) => (secret === undefined) !== (secretFile === undefined),
    "give either secret or secretFile",
  ),
);

type Parsed = v.InferOutput<typeof Neighbours>;
export type NeighboursConfig = Omit<Parsed, "secret" | "secretFile"> & { secret: string };

/** Relative paths are relative to that folder. */
export function withPaths(near: Omit<NeighboursConfig, "secret">, folder: string): Omit<NeighboursConfig, "secret"> {
  const within = (path: string | undefined) => (path === undefined ? undefined : resolve(folder, path));
  const { listen } = near;
  return {
    ...near,
    caFile: within(near.caFile),
    listen: listen && { ...listen, certFile: within(listen.certFile), keyFile: within(listen.keyFile) },
  };
}
