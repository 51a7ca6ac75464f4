/** Node-RED: puts on the incident's record who was told what, after it was done, and whether it worked. */
import { incidentNotice } from "../../contract/incident.ts";
import type { IncidentMessage } from "../incident-message.ts";
import { linkOf, type Message, type Red, type RedNode } from "../red.ts";

interface Config {
  tries: string | number;
}

/** What went wrong on the way here, as an HTTP request or a catch node tells it. */
function failureOf(message: Message): string | undefined {
  const { error, statusCode } = message as { error?: { message?: string }; statusCode?: number | string };
  if (error) return String(error.message ?? "it failed").slice(0, 300);
  if (statusCode === undefined) return undefined;
  const status = Number(statusCode);
  return status >= 200 && status < 300 ? undefined : `answer ${statusCode}`;
}

export default function register(red: Red): void {
  function TocsinNotice(this: RedNode, config: Config): void {
    red.nodes.createNode(this, config);
    const link = linkOf(red);
    const tries = Math.max(1, Number(config.tries) || 1);
    this.on("input", (message: IncidentMessage, send, done) => {
      const { incident, incidentVersion, route, to, text } = message;
      if (incident === undefined || incidentVersion === undefined || !route || !to || text === undefined) {
        return done(new Error("connect a 'tocsin route' node before this one: it says which incident and who is told"));
      }
      const failure = failureOf(message);
      const attempt = Number(message.attempt ?? 1);
      if (failure && attempt < tries) {
        this.status({ fill: "yellow", shape: "ring", text: `try ${attempt} failed: ${failure}` });
        const { error: _, statusCode: __, ...rest } = message;
        // An HTTP request left its answer in the payload: what is sent again is the incident.
        send([null, { ...rest, payload: message.state, attempt: attempt + 1 }]);
        return done();
      }
      const said = failure ? `NOT told after ${attempt} tries (${failure}): ${text}` : text;
      link.publish(incidentNotice, { incident, incidentVersion, route, to, text: said.slice(0, 2000) }).then(() => {
        this.status(failure ? { fill: "red", shape: "dot", text: failure } : { fill: "green", shape: "dot", text: to });
        send([message, null]);
        done();
      }, done);
    });
  }
  red.nodes.registerType("tocsin-notice", TocsinNotice);
}
