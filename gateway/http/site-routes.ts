/** The site for the map, the live connection, health and metrics. */
import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import type { Health, SiteView } from "#contract/ops-api.ts";
import type { GatewayConfig } from "../config.ts";
import type { LiveBody } from "../context.ts";
import { SecretChecker } from "../credentials.ts";
import type { Live } from "../live.ts";
import { Refusal } from "./refusal.ts";
import { sessionOf } from "./server.ts";

interface Parts {
  config: GatewayConfig;
  live: Live;
  metrics: Registry;
  health: () => Health;
  snapshot: () => LiveBody;
  /** Public part of the key that evidence is signed with. */
  keys: unknown[];
}

export function addSiteRoutes(app: FastifyInstance, parts: Parts): void {
  const { config, live, metrics, health, snapshot, keys } = parts;
  const site = siteView(config);
  const streets = config.streets === undefined ? noStreets : readFileSync(config.streets);
  const checker = new SecretChecker();

  app.get("/api/site", async () => site);
  app.get("/api/streets.geojson", async (_, reply) =>
    reply.type("application/geo+json").header("cache-control", "private, max-age=3600").send(streets),
  );
  app.get("/api/keys", async () => ({ keys }));
  app.get("/api/live", { websocket: true }, (socket, request) => {
    live.add(socket, sessionOf(request), snapshot());
  });
  app.get("/healthz", async (_, reply) => {
    const now = health();
    return reply.status(now.bus === "ok" ? 200 : 503).send({ ok: now.bus === "ok", bus: now.bus, flows: now.flows });
  });
  app.get("/metrics", async (request, reply) => {
    const { tokenHash } = config.metrics;
    if (tokenHash !== undefined) {
      const token = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
      if (!(await checker.check("metrics", token, tokenHash)))
        throw new Refusal(401, "the metrics token is missing or wrong");
    } else if (request.headers["x-forwarded-for"] !== undefined || !isLoopback(request.socket.remoteAddress)) {
      throw new Refusal(403, "metrics are for this machine only", { fix: "set metrics.tokenHash and send the token" });
    }
    return reply.type(metrics.contentType).send(await metrics.metrics());
  });
}

const noStreets = '{"type":"FeatureCollection","features":[]}';

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(127\.|::1$|::ffff:127\.)/.test(address);
}

function siteView(config: GatewayConfig): SiteView {
  const nodes = config.nodes.flatMap(({ id, position, label }) =>
    position
      ? [{ id, lat: position.lat, lon: position.lon, altM: position.altM, ...(label !== undefined && { label }) }]
      : [],
  );
  const middle = (of: (node: (typeof nodes)[number]) => number) => {
    const all = nodes.map(of);
    return all.length === 0 ? 0 : (Math.min(...all) + Math.max(...all)) / 2;
  };
  return {
    site: config.site,
    title: config.title,
    timeZone: config.timeZone,
    centre: { lat: middle((node) => node.lat), lon: middle((node) => node.lon) },
    nodes,
  };
}
