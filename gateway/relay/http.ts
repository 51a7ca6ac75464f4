/** WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) over HTTP. Every request shows a token; the token says what it is for. */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { IceServer, VideoClaims } from "#contract/video.ts";
import { Refusal } from "../http/refusal.ts";
import type { Relay, Session } from "./relay.ts";
import type { CheckToken } from "./tokens.ts";

const SDP = "application/sdp";
const FRAGMENT = "application/trickle-ice-sdpfrag";
const BODY_LIMIT_BYTES = 64_000;

interface Parts {
  relay: Relay;
  check: CheckToken;
  iceServers: readonly IceServer[];
  failed(error: Error, url: string): void;
}

type OfStream = { Params: { stream: string } };
type OfSession = { Params: { stream: string; session: string } };
const protocols = { whip: "publish", whep: "view" } as const;

export function makeRelayServer({ relay, check, iceServers, failed }: Parts): FastifyInstance {
  const app = fastify({ bodyLimit: BODY_LIMIT_BYTES, forceCloseConnections: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser([SDP, FRAGMENT], { parseAs: "string" }, (_, body, done) => done(null, body));
  app.setErrorHandler((error: Error & Partial<Refusal>, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500 && !(error instanceof Refusal)) failed(error, request.url);
    if (status === 401) reply.header("www-authenticate", "Bearer");
    if (status === 503) reply.header("retry-after", "2");
    const { field, fix } = error;
    const text =
      error instanceof Refusal || status < 500 ? error.message : "the relay failed at this; its log says more";
    return reply.status(status).send({ error: text, ...(field && { field }), ...(fix && { fix }) });
  });
  app.setNotFoundHandler((request, reply) =>
    reply.status(404).send({ error: `there is no ${request.method} ${request.url}` }),
  );

  for (const protocol of ["whip", "whep"] as const) {
    const act = protocols[protocol];
    const path = `/video/${protocol}/:stream`;

    app.post<OfStream>(path, async (request, reply) => {
      // The token first: who has none learns nothing, not even what would be wrong with the rest.
      const claims = allowed(await check(request.headers.authorization), act, request.params.stream);
      const offer = sdpOf(request);
      const { session, answer } =
        act === "publish" ? await relay.publish(claims, offer) : await relay.view(claims, offer);
      for (const server of iceServers) reply.header("link", [...linksSoFar(reply), ...linksOf(server)]);
      return reply
        .status(201)
        .headers({ location: `/video/${protocol}/${claims.stream}/${session.id}`, etag: session.etag })
        .type(SDP)
        .send(answer);
    });
    app.options<OfStream>(path, (_, reply) =>
      reply.status(204).headers({ "accept-post": SDP, allow: "POST, OPTIONS" }).send(),
    );
    notAllowed(app, path, ["GET", "HEAD", "PUT", "PATCH", "DELETE"], "POST, OPTIONS");

    const own = async (request: FastifyRequest<OfSession>): Promise<{ session: Session; claims: VideoClaims }> => {
      const claims = allowed(await check(request.headers.authorization), act, request.params.stream);
      const session = relay.sessions.get(request.params.session);
      // Another's session looks like none: ids are not to be tried out.
      const same =
        session?.claims.act === act && session.claims.stream === claims.stream && session.claims.sub === claims.sub;
      if (!session || !same) throw new Refusal(404, "there is no such session", { fix: "make a new one" });
      return { session, claims };
    };
    app.patch<OfSession>(`${path}/:session`, async (request, reply) => {
      const { session, claims } = await own(request);
      const { body } = request;
      if (typeof body === "string" && body !== "" && contentType(request) !== FRAGMENT) throw unsupported(FRAGMENT);
      await relay.patch(session, claims, typeof body === "string" ? body : "", request.headers["if-match"]);
      return reply.status(204).headers({ etag: session.etag }).send();
    });
    app.delete<OfSession>(`${path}/:session`, async (request, reply) => {
      const { session } = await own(request);
      relay.end(session.id, "ended by its peer");
      return reply.status(200).send();
    });
    app.options<OfSession>(`${path}/:session`, (_, reply) =>
      reply.status(204).headers({ "accept-patch": FRAGMENT, allow: "PATCH, DELETE, OPTIONS" }).send(),
    );
    notAllowed(app, `${path}/:session`, ["GET", "HEAD", "POST", "PUT"], "PATCH, DELETE, OPTIONS");
  }
  return app;
}

/** @throws Refusal 403 when the token is for something else. */
function allowed(claims: VideoClaims, act: VideoClaims["act"], stream: string): VideoClaims {
  if (claims.act !== act) throw new Refusal(403, `the token is to ${claims.act}, not to ${act}`);
  if (claims.stream !== stream) throw new Refusal(403, `the token is not for '${stream}'`);
  return claims;
}

function sdpOf(request: FastifyRequest): string {
  if (contentType(request) !== SDP) throw unsupported(SDP);
  const { body } = request;
  if (typeof body !== "string" || !body.startsWith("v=0"))
    throw new Refusal(400, "the body is no SDP offer", { field: "body" });
  return body;
}

const contentType = (request: FastifyRequest) =>
  (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
const unsupported = (type: string) => new Refusal(415, `the body must be ${type}`, { field: "content-type" });

function notAllowed(app: FastifyInstance, url: string, method: string[], allow: string): void {
  app.route({
    method,
    url,
    exposeHeadRoute: false,
    handler: (request, reply) =>
      reply
        .status(405)
        .header("allow", allow)
        .send({ error: `${request.method} is not for this` }),
  });
}

/** RFC 9725, 4.6. */
function linksOf({ urls, username, credential }: IceServer): string[] {
  const more =
    username === undefined
      ? ""
      : `; username="${username}"; credential="${credential ?? ""}"; credential-type="password"`;
  return urls.map((url) => `<${url}>; rel="ice-server"${more}`);
}

function linksSoFar(reply: FastifyReply): string[] {
  const links = reply.getHeader("link");
  return Array.isArray(links) ? links : [];
}
