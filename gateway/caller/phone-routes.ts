/** The phone's side over HTTP. No log-in stands before it: the token in the address opens it once, the device's cookie keeps it open. */
import type { WebSocket } from "@fastify/websocket";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import * as v from "valibot";
import { OpenAsk, PhoneSay, PhoneSays } from "#contract/caller-phone.ts";
import { parseBody, Refusal } from "../http/refusal.ts";
import { Allowance } from "./allowance.ts";
import type { PageFiles } from "./page-files.ts";
import type { PhoneDesk } from "./phone-desk.ts";
import type { PhoneSockets } from "./phone-sockets.ts";
import type { CallerRow } from "./store.ts";
import { looksLikeToken } from "./token.ts";

const MINUTE_MS = 60_000;
const STILL_BYTES = 250_000;
const COOKIE = "tocsin_caller";
const StillQuery = v.object({ id: PhoneSay.options[0].entries.id });

/** Nothing from elsewhere, no markup from strings, in nobody's frame. */
export const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

interface Parts {
  desk: PhoneDesk;
  sockets: PhoneSockets;
  files: PageFiles;
  /** Phones come by https. */
  secure: boolean;
}

type WithToken = { Params: { token: string } };

export async function addPhoneRoutes(app: FastifyInstance, { desk, sockets, files, secure }: Parts): Promise<void> {
  const limits = {
    /** By address: behind one proxy, whoever guesses does not shut out those who have a link. */
    unknown: new Allowance(30, MINUTE_MS),
    /** By link. */
    looks: new Allowance(60, MINUTE_MS),
    opens: new Allowance(20, MINUTE_MS),
    says: new Allowance(40, 10_000),
    media: new Allowance(20, MINUTE_MS),
    stills: new Allowance(20, 10_000),
  };
  const within = (allowance: Allowance, key: string) => {
    const waitMs = allowance.take(key, Date.now());
    if (waitMs > 0) throw new Refusal(429, "too often", { fix: `wait ${Math.ceil(waitMs / 1000)} s` });
  };
  const deviceOf = (request: FastifyRequest) => request.cookies[COOKIE];
  const known = (request: FastifyRequest<WithToken>): CallerRow => {
    const { token } = request.params;
    try {
      if (!looksLikeToken(token)) throw new Refusal(404, "this link is not known");
      return desk.row(token);
    } catch (error) {
      within(limits.unknown, request.ip);
      throw error;
    }
  };
  const own = (request: FastifyRequest<WithToken>): CallerRow => {
    known(request);
    return desk.own(request.params.token, deviceOf(request));
  };
  const harden = (reply: FastifyReply) =>
    reply.headers({
      "content-security-policy": pagePolicy,
      "permissions-policy":
        "camera=(self), microphone=(self), geolocation=(self), screen-wake-lock=(self), fullscreen=(self)",
      "x-robots-tag": "noindex, nofollow, noarchive",
      "cache-control": "no-store",
    });

  await app.register(async (scope) => {
    if (!scope.hasContentTypeParser("image/jpeg"))
      scope.addContentTypeParser("image/jpeg", { parseAs: "buffer" }, (_, body, done) => done(null, body));
    scope.addHook("onRequest", async (_, reply) => {
      harden(reply);
    });

    scope.get("/c/page/:file", async (request: FastifyRequest<{ Params: { file: string } }>, reply) => {
      const file = files.get(request.params.file, request.headers["accept-encoding"]);
      if (!file) throw new Refusal(404, "there is no such file");
      if (file.encoding) reply.header("content-encoding", file.encoding);
      return reply
        .headers({ "cache-control": "public, max-age=31536000, immutable", vary: "accept-encoding" })
        .type(file.type)
        .send(file.bytes);
    });
    // The same for every token, known or not: whoever fetches it, a message's preview too, learns and changes nothing.
    scope.get<WithToken>("/c/:token", async (request, reply) => {
      within(limits.looks, request.params.token);
      return reply.type("text/html; charset=utf-8").send(files.html);
    });
    scope.get<WithToken>("/c/:token/link", async (request) => {
      within(limits.looks, request.params.token);
      return desk.look(known(request), deviceOf(request));
    });
    scope.post<WithToken>("/c/:token/open", async (request, reply) => {
      within(limits.opens, request.params.token);
      const row = known(request);
      const { language = row.facts.language } = parseBody(OpenAsk, request.body ?? {});
      const secret = desk.open(row, deviceOf(request), language);
      if (secret !== undefined)
        reply.setCookie(COOKIE, secret, {
          path: `/c/${request.params.token}`,
          httpOnly: true,
          sameSite: "strict",
          secure,
          maxAge: 86_400,
        });
      return desk.hears(row.id, 0);
    });
    scope.post<WithToken>("/c/:token/say", async (request) => {
      const { id } = own(request);
      within(limits.says, id);
      const { says, heard } = parseBody(PhoneSays, request.body);
      return desk.hears(id, heard, desk.say(id, says, heard));
    });
    // Before the upgrade: a stranger gets an answer, not a connection.
    const preValidation = async (request: FastifyRequest<WithToken>) => {
      own(request);
    };
    scope.get<WithToken>("/c/:token/live", { websocket: true, preValidation }, (socket: WebSocket, request) => {
      const row = own(request);
      sockets.add(row.id, socket);
      desk.alive(row);
      socket.on("message", () => desk.alive(row));
    });
    scope.post<WithToken>("/c/:token/send", async (request) => {
      const row = own(request);
      within(limits.media, row.id);
      return desk.send(row);
    });
    scope.post<WithToken>("/c/:token/listen", async (request) => {
      const row = own(request);
      within(limits.media, row.id);
      return desk.listen(row);
    });
    scope.post<WithToken>("/c/:token/still", { bodyLimit: STILL_BYTES }, async (request) => {
      const row = own(request);
      within(limits.stills, row.id);
      const { id } = parseBody(StillQuery, request.query);
      if (!Buffer.isBuffer(request.body)) throw new Refusal(415, "send an image/jpeg");
      const seq = desk.still(row, id, request.body);
      return { ...(seq !== undefined && { seq }) };
    });
  });
}
