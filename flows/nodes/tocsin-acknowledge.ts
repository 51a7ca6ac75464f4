/** Node-RED: puts on the incident's record that somebody outside knows of it. */
import { incidentAcknowledge } from "../../contract/incident.ts";
import { linkOf, type Red, type RedNode } from "../red.ts";

interface Config {
  by: string;
  text: string;
}

export default function register(red: Red): void {
  function TocsinAcknowledge(this: RedNode, config: Config): void {
    red.nodes.createNode(this, config);
    const link = linkOf(red);
    this.on("input", (message, send, done) => {
      const by = String(message.by ?? config.by ?? "").trim();
      const incident = String(message.incident ?? "");
      const text = String(message.text ?? config.text ?? "acknowledged").slice(0, 2000);
      if (incident === "") return done(new Error("msg.incident is missing: which incident is acknowledged?"));
      if (by === "") return done(new Error("who acknowledges? Fill in 'by', or set msg.by"));
      link.publish(incidentAcknowledge, { incident, by, text }).then(() => {
        this.status({ fill: "green", shape: "dot", text: `by ${by}` });
        send(message);
        done();
      }, done);
    });
  }
  red.nodes.registerType("tocsin-acknowledge", TocsinAcknowledge);
}
