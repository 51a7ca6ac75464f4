/** What browsers and nodes are told of STUN and TURN. Credentials for coturn are made per person and end by themselves. */
import { createHmac } from "node:crypto";
import type { IceServer } from "#contract/video.ts";
import type { VideoConfig } from "./config.ts";

/** A TURN allocation outlives the token it was got with: long enough for a session that is prolonged again and again. */
const CREDENTIAL_S = 4 * 3_600;

/** "TURN REST API" (draft-uberti-behave-turn-rest), as coturn's `use-auth-secret` has it: HMAC-SHA1 over `expiry:name`. */
export function turnCredential(secret: string, name: string, nowMs: number): { username: string; credential: string } {
  const username = `${Math.floor(nowMs / 1000) + CREDENTIAL_S}:${name}`;
  return { username, credential: createHmac("sha1", secret).update(username).digest("base64") };
}

export function iceServersFor(servers: VideoConfig["iceServers"], name: string, nowMs = Date.now()): IceServer[] {
  return servers.map(({ secret, ...server }) =>
    secret === undefined ? server : { ...server, ...turnCredential(secret, name, nowMs) },
  );
}

/** For the relay's `Link` headers, which go to whoever has a token: no credential is in them. */
export function openIceServers(servers: VideoConfig["iceServers"]): IceServer[] {
  return servers
    .filter(({ secret, credential }) => secret === undefined && credential === undefined)
    .map(({ urls }) => ({ urls }));
}
