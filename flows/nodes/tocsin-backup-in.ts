/** Node-RED: a message for each call for backup that goes to a unit that flows tell. */
import { linkOf, type Red, type RedNode } from "../red.ts";

interface Config {
  /** Empty: every unit. */
  unit: string;
}

/** Calls remembered so that a repeat after a restart of the gateway is not told twice. */
const REMEMBERED = 1_000;

export default function register(red: Red): void {
  function TocsinBackupIn(this: RedNode, config: Config): void {
    red.nodes.createNode(this, config);
    const link = linkOf(red);
    const wanted = (config.unit ?? "").trim();
    const context = this.context();
    const show = (connected: boolean) =>
      this.status(
        connected
          ? { fill: "green", shape: "dot", text: "connected" }
          : { fill: "red", shape: "ring", text: "no connection to the gateway" },
      );
    const stops = [
      link.onConnected(show),
      link.onBackup((unit, call) => {
        if (wanted !== "" && unit !== wanted) return;
        // Another ring asks again on purpose; the same ring twice is a repeat.
        const key = `${call.call}/${unit}/${call.over === undefined ? call.ring : "over"}/${call.answerBy}`;
        const told = (context.get("told") as string[] | undefined) ?? [];
        if (told.includes(key)) return;
        context.set("told", [...told.slice(1 - REMEMBERED), key]);
        const { incident } = call;
        const words =
          call.over === undefined
            ? `${unit} is asked to come: ${call.why} (${call.chosen})`
            : `${unit} need not come any more: ${call.over}`;
        this.send({
          topic: "backup",
          payload: call,
          unit,
          call: call.call,
          incident,
          over: call.over !== undefined,
          words,
        });
      }),
    ];
    show(link.connected);
    this.on("close", (_, done) => {
      for (const stop of stops) stop();
      done();
    });
  }
  red.nodes.registerType("tocsin-backup-in", TocsinBackupIn);
}
