/** Node-RED: a message for each incident. */
import { linkOf, type Red, type RedNode } from "../red.ts";
import { isDue, type Moment, wordsOf } from "../routing.ts";

interface Config {
  moment: Moment;
}

/** Incidents remembered so that none is passed on twice; older ones are long over. */
const REMEMBERED = 1_000;

type Passed = Record<string, { version: number; status: string }>;

export default function register(red: Red): void {
  function TocsinIncidentIn(this: RedNode, config: Config): void {
    red.nodes.createNode(this, config);
    const link = linkOf(red);
    const show = (connected: boolean) =>
      this.status(
        connected
          ? { fill: "green", shape: "dot", text: "connected" }
          : { fill: "red", shape: "ring", text: "no connection to the gateway" },
      );
    const context = this.context();
    const stops = [
      link.onConnected(show),
      link.onIncident((state) => {
        const passed = (context.get("passed") as Passed | undefined) ?? {};
        if (!isDue(config.moment, state, passed[state.incident])) return;
        const { [state.incident]: _, ...others } = passed;
        const kept = Object.entries(others).slice(-(REMEMBERED - 1));
        context.set("passed", {
          ...Object.fromEntries(kept),
          [state.incident]: { version: state.version, status: state.status },
        });
        this.send({ topic: "incident", payload: state, incident: state.incident, words: wordsOf(state) });
      }),
    ];
    show(link.connected);
    this.on("close", (_, done) => {
      for (const stop of stops) stop();
      done();
    });
  }
  red.nodes.registerType("tocsin-incident-in", TocsinIncidentIn);
}
