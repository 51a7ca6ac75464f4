/** Dispatch as a part of the gateway: only where the configuration has a `dispatch`. Drones' words go to the consoles in any case. */
import * as v from "valibot";
import { faultsOf } from "#contract/channel.ts";
import { controlState } from "#contract/control.ts";
import { Fault } from "#contract/errors.ts";
import { DispatchConfig } from "#core/dispatch/policy.ts";
import type { GatewayContext } from "../context.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Drones } from "./drones.ts";
import { addDispatchRoutes } from "./routes.ts";
import { FlightTimeline } from "./timeline.ts";

/** @throws Fault (config) with every fault of `dispatch`. */
export async function startDispatch(context: GatewayContext): Promise<void> {
  if (context.config.dispatch === undefined) return;
  const parsed = v.safeParse(DispatchConfig, context.config.dispatch);
  if (!parsed.success)
    throw new Fault(
      "config",
      faultsOf(parsed.issues).map((line) => `dispatch.${line}`),
    );
  const drones = new Drones(context.bus, context.log.child({ part: "dispatch" }));
  new FlightTimeline(context, drones);
  drones.onState((state) => context.broadcast({ type: "flight", state }));
  drones.onControl((message) => context.broadcast({ type: "message", channel: controlState.name, message }));
  const dispatcher = new Dispatcher(
    {
      config: parsed.output,
      drones,
      log: context.log.child({ part: "dispatch" }),
      note: (incident, by, text, data) => context.record(incident, "flight", by, text.slice(0, 2000), data),
      incident: (id) => context.incident(id),
    },
    context.signal,
  );
  context.onIncident((state) => dispatcher.take(state), true);
  addDispatchRoutes(context, drones, dispatcher);
  await drones.listen();
  const flown = (incident: string) =>
    context.timeline(incident).some(({ data }) => (data as { hop?: unknown } | undefined)?.hop === "climbing");
  dispatcher.resume(
    context.recentIncidents().filter(({ incident, status }) => status !== "dismissed" && !flown(incident)),
  );
}
