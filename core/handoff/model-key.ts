/** Equal futures have equal keys: `model-check.ts` searches each once. */
import type { World } from "./model-world.ts";

/** What decides the future of a world, times and epochs relative, so that equal futures are searched once. */
export function keyOf(world: World): string {
  const { authority } = world.drone;
  const age = (tickMs: number) => Math.min(9, Math.round((authority.tickMs - tickMs) / 1000));
  const net = world.net.map(
    (m) =>
      `${m.by}${m.act}${authority.epoch - m.epoch}/${age(m.seenTickMs)}${authority.seen.includes(m.id) ? "!" : ""}`,
  );
  const said = world.said.map((s) => `${authority.epoch - s.epoch}/${age(s.tickMs)}${s.holder}`);
  const steered = world.steered && world.steered.epoch === authority.epoch ? world.steered.by : "";
  return `${silentKey(world)}|${net.sort().join()}|${said.sort().join()}|${steered}|${world.orders},${world.doubles},${world.radio},${world.ticks}`;
}

/** Without people and network: what decides where the drone ends when everybody is silent. */
export function silentKey({ drone: { authority, flight }, queue, vehicle }: World): string {
  const until = (tickMs: number | undefined) =>
    tickMs === undefined ? "" : Math.round((tickMs - authority.tickMs) / 100);
  const { holder, safety } = authority;
  return [
    holder.kind,
    holder.kind === "remote" ? holder.by : "",
    until(authority.leaseUntilMs),
    safety?.level ?? "",
    authority.asks.map((one) => one.by).join(),
    flight.phase,
    flight.cause ?? "",
    flight.resume ?? "",
    flight.pilotCourse ?? "",
    flight.landsAt ?? "",
    until(flight.untilMs),
    until(flight.sceneUntilMs),
    flight.vehicle.mode,
    flight.vehicle.relAltM,
    queue.map((a) => `${a.do}${a.writer}${authority.epoch - a.epoch}`).join(),
    `${vehicle.mode}${vehicle.armed}${vehicle.atM},${vehicle.heightM}`,
  ].join(";");
}
