/** `video` of the gateway's configuration. */
import * as v from "valibot";
import { IceServer } from "#contract/video.ts";

const Port = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1024, "must be 1024 to 65535"),
  v.maxValue(65535, "must be 1024 to 65535"),
);

/** A STUN or TURN server told to browsers and nodes. With `secret` it is coturn's `static-auth-secret`: credentials are made per person and end. */
const IceEntry = v.pipe(
  v.strictObject({
    ...IceServer.entries,
    secret: v.optional(v.pipe(v.string(), v.minLength(16, "must have at least 16 characters"))),
  }),
  v.check(
    ({ secret, username, credential }) => secret === undefined || (username === undefined && credential === undefined),
    "has both a secret and a fixed username or credential; keep one",
  ),
);

export const VideoConfig = v.strictObject({
  enabled: v.optional(v.boolean(), true),
  relay: v.optional(
    v.strictObject({
      /** Addresses under which phones and nodes reach this machine, beside those of its interfaces: its public one behind NAT. */
      addresses: v.optional(v.array(v.pipe(v.string(), v.ip("must be an IP address"))), []),
      /** UDP ports for media, to be opened in the firewall; any where absent. Each session takes one. */
      udpPorts: v.optional(
        v.pipe(
          v.strictObject({ first: Port, last: Port }),
          v.check(({ first, last }) => last > first + 10, "must hold more than ten ports"),
        ),
      ),
      /** Listen on TCP too, for networks that let no UDP through (a TURN server over TLS is the surer way). */
      tcp: v.optional(v.boolean(), false),
      maxStreams: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 100),
      maxViewersPerStream: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 30),
      maxSessions: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2)), 400),
    }),
    {},
  ),
  iceServers: v.optional(v.array(IceEntry), []),
  /** Address under which nodes reach this gateway over HTTP, such as https://gateway.example:8443; they use their own where absent. */
  publicUrl: v.optional(v.pipe(v.string(), v.url("must be a URL"))),
  /** Cameras within this distance of a new incident are asked for, for so long. */
  incidents: v.optional(
    v.strictObject({
      radiusM: v.optional(v.pipe(v.number(), v.minValue(0)), 150),
      forS: v.optional(v.pipe(v.number(), v.minValue(10), v.maxValue(7_200)), 600),
      preRollS: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(120)), 30),
      maxCameras: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(50)), 6),
    }),
    {},
  ),
  record: v.optional(
    v.strictObject({
      enabled: v.optional(v.boolean(), true),
      ffmpeg: v.optional(v.string(), "ffmpeg"),
      /** What a power cut may cost, and the length of a piece with a hash of its own on the record. */
      fragmentS: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(5)), 0.5),
      segmentS: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(60)), 10),
      /** Megabytes of the disk that recordings leave to everything else: below it nothing more is recorded, and the gap is told. */
      keepFreeMb: v.optional(v.pipe(v.number(), v.minValue(0)), 256),
    }),
    {},
  ),
});
export type VideoConfig = v.InferOutput<typeof VideoConfig>;
