/** The one thing that leaves a match: that a person confirmed it. What follows is the listener's own rule, and a person's. */
import type { ConfirmedFace } from "#contract/face-api.ts";
import type { GatewayContext } from "../context.ts";

type Listener = (confirmed: ConfirmedFace) => void;
const listeners = new WeakMap<GatewayContext["bus"], Set<Listener>>();

/** @param context of the part that wants to know; called once for each match that a person confirms. */
export function onFaceConfirmed({ bus }: Pick<GatewayContext, "bus">, listener: Listener): void {
  const known = listeners.get(bus) ?? new Set();
  listeners.set(bus, known.add(listener));
}

export function sayFaceConfirmed({ bus }: Pick<GatewayContext, "bus">, confirmed: ConfirmedFace): void {
  for (const listener of listeners.get(bus) ?? []) listener(confirmed);
}
