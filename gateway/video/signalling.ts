/** Takes WHIP and WHEP from outside and hands them to the relay over loopback: the first of two walls checks the token here. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { VideoClaims } from "#contract/video.ts";
import { Refusal } from "../http/refusal.ts";
import type { CheckToken } from "../relay/tokens.ts";
import { Failures } from "./failures.ts";
import { takePreRoll } from "./pre-roll.ts";
import type { Recordings } from "./recordings.ts";

interface Parts {
  check: CheckToken;
  port: () => number | undefined;
  recordings: Recordings | undefined;
  /** For the incident's record. */
  fact(incident: string, by: string, text: string, data: unknown): void;
}

const RELAY_MS = 10_000;
const PRE_ROLL_MAX_BYTES = 64_000_000;
const passedOn = ["content-type", "authorization", "if-match", "if-none-match"] as const;
const passedBack = [
  "content-type",
  "location",
  "etag",
  "link",
  "allow",
  "accept-post",
  "accept-patch",
  "www-authenticate",
  "retry-after",
];

export async function addSignalling(app: FastifyInstance, parts: Parts): Promise<void> {
  await app.register(async (part) => {
    part.removeAllContentTypeParsers();
    part.addContentTypeParser(
      ["application/sdp", "application/trickle-ice-sdpfrag"],
      { parseAs: "string" },
      (_, body, done) => done(null, body),
    );
    const failures = new Failures();
    const shown = new WeakMap<FastifyRequest, VideoClaims>();
    // Before the body is read: who has no token sends none.
    part.addHook("onRequest", async (request, reply) => {
      if (request.method === "OPTIONS") return;
      try {
        shown.set(request, await parts.check(request.headers.authorization));
      } catch (error) {
        // Only those without a good token wait: behind a proxy everybody has one address.
        if (failures.tooMany(request.ip))
          throw new Refusal(429, "too many requests without a good token", { fix: "wait a minute" });
        failures.add(request.ip);
        reply.header("www-authenticate", "Bearer");
        throw error;
      }
    });
    for (const url of ["/video/whip/*", "/video/whep/*"]) {
      part.route({
        method: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        url,
        exposeHeadRoute: false,
        handler: async (request, reply) => {
          const answer = await toRelay(request, parts.port()).catch((error: Refusal) => {
            if (error.statusCode === 503) reply.header("retry-after", "1");
            throw error;
          });
          for (const name of passedBack) {
            const value = answer.headers.get(name);
            if (value !== null) reply.header(name, value);
          }
          return reply.status(answer.status).send(answer.body);
        },
      });
    }
    part.addContentTypeParser("video/mp4", { parseAs: "buffer", bodyLimit: PRE_ROLL_MAX_BYTES }, (_, body, done) =>
      done(null, body),
    );
    part.post<{ Params: { stream: string } }>(
      "/video/preroll/:stream",
      { bodyLimit: PRE_ROLL_MAX_BYTES },
      async (request, reply) => {
        const claims = shown.get(request) as VideoClaims;
        if (claims.act !== "publish" || claims.stream !== request.params.stream)
          throw new Refusal(403, `the token is not to publish '${request.params.stream}'`);
        const { incident } = claims;
        if (incident === undefined || !parts.recordings)
          throw new Refusal(409, "no incident asked for what was before", {
            fix: "send it only with a want that has preRollS",
          });
        const { "x-start-time": said } = request.headers;
        const { recording, seconds, startedBy } = await takePreRoll(
          parts.recordings,
          claims.stream,
          incident,
          request.body as Buffer,
          typeof said === "string" ? said : undefined,
          (recording) => {
            const text = `what came of ${claims.stream} from before the incident is deleted: the disk did not keep all of it`;
            parts.fact(incident, "gateway", text, { recording, deleted: true });
          },
        );
        parts.fact(
          incident,
          claims.sub,
          `${seconds.toFixed(1)} s of ${claims.stream} from before the incident came in`,
          {
            recording,
            stream: claims.stream,
            preRoll: true,
            startedBy,
          },
        );
        return reply.status(201).send({ recording });
      },
    );
  });
}

async function toRelay(
  request: FastifyRequest,
  port: number | undefined,
): Promise<{ status: number; headers: Headers; body: string }> {
  if (port === undefined) {
    // Its sessions ended with it: who asks after one is to make a new one at once, not to wait for the old.
    if (request.method === "PATCH" || request.method === "DELETE")
      throw new Refusal(404, "there is no such session: the relay began anew", { fix: "make a new one" });
    throw new Refusal(503, "the relay is being started", { fix: "try again in a second" });
  }
  const headers: Record<string, string> = {};
  for (const name of passedOn) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${request.url}`, {
      method: request.method,
      headers,
      signal: AbortSignal.timeout(RELAY_MS),
      ...(typeof request.body === "string" && { body: request.body }),
    });
    return { status: answer.status, headers: answer.headers, body: await answer.text() };
  } catch (error) {
    throw new Refusal(503, `the relay does not answer: ${(error as Error).message}`, { fix: "try again in a second" });
  }
}
