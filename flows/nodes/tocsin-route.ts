/** Node-RED: passes on the incidents that fit a rule, with the text to tell. */
import { type IncidentMessage, incidentOf } from "../incident-message.ts";
import { linkOf, type Red, type RedNode } from "../red.ts";
import { fill, hoursFault, kindsFault, localHourOf, type Rule, route } from "../routing.ts";

interface Config {
  route: string;
  to: string;
  text: string;
  /** Absent in flows from before it was there. */
  kinds?: string;
  statuses: string;
  minProbability: string | number;
  maxWithinM: string | number;
  unverified: boolean;
  /** Absent in flows from before it was there: these passed on what nobody measured. */
  unmeasured?: boolean;
  hours: string;
  /** Post to the gateway's configured webhook: puts its address in `msg.url`. */
  webhook: boolean;
}

export default function register(red: Red): void {
  function TocsinRoute(this: RedNode, config: Config): void {
    red.nodes.createNode(this, config);
    const link = linkOf(red);
    const words = (list = "") => list.split(",").flatMap((word) => word.trim() || []);
    const rule = {
      kinds: words(config.kinds),
      statuses: words(config.statuses),
      minProbability: Number(config.minProbability) || 0,
      maxWithinM: Number(config.maxWithinM) || 0,
      unverified: config.unverified,
      unmeasured: config.unmeasured ?? true,
      hours: config.hours?.trim() ?? "",
    } as Rule;
    const fault = kindsFault(rule.kinds) ?? hoursFault(rule.hours);
    if (fault) this.error(fault);
    let passed = 0;
    this.on("input", (message, send, done) => {
      const found = incidentOf(message);
      if (typeof found === "string") return done(new Error(found));
      const routed =
        config.webhook && !link.webhookUrl
          ? ({ kind: "other", why: "no webhook is configured (flows.webhookUrl)" } as const)
          : route(rule, found, localHourOf(link.timeZone, new Date()));
      if (routed.kind === "other") {
        this.status({ fill: "grey", shape: "ring", text: `not: ${routed.why}` });
        send([null, { ...message, why: routed.why }]);
        return done();
      }
      const out: IncidentMessage = {
        ...message,
        payload: found,
        state: found,
        incident: found.incident,
        incidentVersion: found.version,
        route: config.route,
        to: config.to,
        text: fill(config.text || "{words}", found),
      };
      if (config.webhook) {
        out.url = link.webhookUrl;
        out.headers = { "content-type": "application/json" };
      }
      passed++;
      this.status({ fill: "green", shape: "dot", text: `${passed} passed` });
      send([out, null]);
      done();
    });
  }
  red.nodes.registerType("tocsin-route", TocsinRoute);
}
