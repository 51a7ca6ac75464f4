/** The gateway's HTTP side: log-in before everything, strict headers, clear refusals. */
import { readFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import cookie from "@fastify/cookie";
import rateLimit from "@fastify/rate-limit";
import websocket from "@fastify/websocket";
import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { Login, type Session, type UserRole } from "#contract/ops-api.ts";
import { consolePolicy } from "../build-console.ts";
import type { GatewayConfig } from "../config.ts";
import type { Live } from "../live.ts";
import { parseBody, Refusal } from "./refusal.ts";
import type { Sessions } from "./sessions.ts";

declare module "fastify" {
  interface FastifyRequest {
    session: Session | undefined;
  }
}

export const COOKIE = "tocsin_session";
/** What a browser may send: reasons and notes, no files. */
const BODY_LIMIT_BYTES = 64_000;
const LOGINS_PER_MINUTE = 10;
const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);
/** Reachable without a log-in. */
const open = new Set(["/api/session", "/api/keys"]);

/** The logged-in person. @throws Refusal 401, or 403 unless they have one of `roles` (any role where none is named). */
export function sessionOf(request: FastifyRequest, ...roles: UserRole[]): Session {
  const { session } = request;
  if (!session) throw new Refusal(401, "not logged in", { fix: "log in first" });
  if (roles.length > 0 && !session.roles.some((role) => role === "admin" || roles.includes(role))) {
    throw new Refusal(403, `this needs the role ${roles.join(" or ")}`, { fix: "ask an administrator for the role" });
  }
  return session;
}

interface Parts {
  sessions: Sessions;
  live: Live;
  log: Logger;
}

export async function makeServer({ sessions, live, log }: Parts): Promise<FastifyInstance> {
  const app = fastify({ bodyLimit: BODY_LIMIT_BYTES, forceCloseConnections: true });
  await app.register(cookie);
  await app.register(rateLimit, { global: false });
  await app.register(websocket, { options: { maxPayload: 4_096, perMessageDeflate: false } });

  app.decorateRequest("session", undefined);
  app.addHook("onRequest", async (request, reply) => {
    reply.headers({
      "content-security-policy": consolePolicy,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      // The operator speaks to callers from here.
      "permissions-policy": "geolocation=(), camera=(), microphone=(self)",
      ...(isSecure(request) && { "strict-transport-security": "max-age=31536000" }),
    });
    refuseForeign(request);
    const path = request.url.split("?", 1)[0] as string;
    if (!path.startsWith("/api")) return;
    reply.header("cache-control", "no-store");
    request.session = sessions.find(request.cookies[COOKIE]);
    if (!open.has(path)) sessionOf(request);
  });
  app.setErrorHandler((error: Error & Partial<Refusal>, request, reply) => {
    const status = error.statusCode ?? 500;
    // A caller's address is a key: no log holds it.
    const url = request.url.replace(/^\/c\/[^/?]+/, "/c/***");
    if (status >= 500) log.error({ error: error.message, stack: error.stack, url }, "request failed");
    const { field, fix } = error;
    const text = status >= 500 ? "the gateway failed at this; its log says more" : error.message;
    return reply.status(status).send({ error: text, ...(field && { field }), ...(fix && { fix }) });
  });
  app.setNotFoundHandler((request, reply) =>
    reply.status(404).send({ error: `there is no ${request.method} ${request.url}` }),
  );

  app.post(
    "/api/session",
    { config: { rateLimit: { max: LOGINS_PER_MINUTE, timeWindow: "1 minute", hook: "preHandler", keyGenerator } } },
    async (request, reply) => {
      const { user: name, password } = parseBody(Login, request.body);
      const user = await sessions.verify(name, password);
      if (!user) {
        log.warn({ user: name, from: request.ip }, "log-in refused");
        throw new Refusal(401, "wrong name or password");
      }
      const { token, session } = sessions.open(user);
      log.info({ user: name }, "logged in");
      reply.setCookie(COOKIE, token, {
        path: "/",
        httpOnly: true,
        sameSite: "strict",
        secure: isSecure(request),
        expires: new Date(session.expires),
      });
      return session;
    },
  );
  app.get("/api/session", async (request) => sessionOf(request));
  app.delete("/api/session", async (request, reply) => {
    const token = request.cookies[COOKIE];
    if (token) sessions.close(token);
    if (request.session) live.dismiss(request.session.user);
    return reply.clearCookie(COOKIE, { path: "/" }).status(204).send();
  });
  return app;
}

/** By person and address: behind one tunnel or proxy nobody shuts the others out by typing wrong passwords. */
function keyGenerator(request: FastifyRequest): string {
  const { user } = (request.body ?? {}) as { user?: unknown };
  return JSON.stringify([request.ip, typeof user === "string" ? user.slice(0, 48) : ""]);
}

/** SameSite=Strict keeps other sites' requests without a session; this refuses them also where a browser lets one through. */
function refuseForeign(request: FastifyRequest): void {
  const { origin, host } = request.headers;
  const upgrade = request.headers.upgrade !== undefined;
  if (safeMethods.has(request.method) && !upgrade) return;
  if (origin === undefined) return;
  let from: string;
  try {
    from = new URL(origin).host;
  } catch {
    from = origin;
  }
  if (from !== host) throw new Refusal(403, `requests from '${origin}' are not taken`);
}

function isSecure(request: FastifyRequest): boolean {
  return (request.raw.socket as Partial<TLSSocket>).encrypted === true;
}

/** Plain on loopback, and with TLS where configured; both are the same application. @returns the ports. */
export async function listenHttp(
  app: FastifyInstance,
  listen: GatewayConfig["listen"],
): Promise<{ http: number; https?: number }> {
  const { https: tls } = listen;
  const server = tls && createTlsServer({ cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) });
  if (server) {
    server.on("request", (request, response) => app.server.emit("request", request, response));
    server.on("upgrade", (request, socket, head) => app.server.emit("upgrade", request, socket, head));
    app.addHook("preClose", async () => {
      server.close();
      server.closeAllConnections();
    });
  }
  await app.listen(listen.http);
  const http = (app.server.address() as AddressInfo).port;
  if (!tls || !server) return { http };
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(tls.port, tls.host, resolve);
  });
  return { http, https: (server.address() as AddressInfo).port };
}
