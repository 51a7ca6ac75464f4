/** Cameras that an incident asks for by itself: the nearest of the site's nodes, and the drone or robot that is on its way to it. */
import type { FlightState } from "#contract/flight.ts";
import type { IncidentState } from "#contract/incident.ts";
import type { TimelineEntry } from "#contract/ops-api.ts";
import type { CameraState } from "#contract/video.ts";
import { frameAt } from "#core/localise/geo.ts";
import type { GatewayConfig } from "../config.ts";
import { nodeOf, type Wants } from "./wants.ts";

/**
 * Streams of the cameras nearest to the incident's place, nearest first; none where no place is known or it was dismissed. A drone's camera
 * sees the inside of its dock: `camerasOfFlight` asks for it once it flies.
 */
export function camerasNear(
  state: IncidentState,
  cameras: readonly CameraState[],
  nodes: GatewayConfig["nodes"],
  { radiusM, maxCameras }: { radiusM: number; maxCameras: number },
): string[] {
  const { place } = state;
  if (!place || state.status === "dismissed") return [];
  const frame = frameAt({ lat: place.lat, lon: place.lon, altM: 0 });
  const near = cameras.flatMap(({ stream }) => {
    const { position, parties } = nodes.find(({ id }) => id === nodeOf(stream)) ?? {};
    if (!position || parties?.includes("drone")) return [];
    const { eastM, northM } = frame.toLocal(position.lat, position.lon, position.altM);
    const metres = Math.hypot(eastM, northM);
    return metres > radiusM ? [] : [{ stream, metres }];
  });
  return near
    .sort((a, b) => a.metres - b.metres)
    .slice(0, maxCameras)
    .map(({ stream }) => stream);
}

const inTheAir: readonly FlightState["phase"][] = ["climbing", "transit", "onScene", "piloted", "holding", "returning"];

/** Streams of a drone that flies for an incident, from take-off until it is home; its camera looks level on the way. */
export function camerasOfFlight(state: FlightState, cameras: readonly CameraState[]): string[] {
  if (state.incident === undefined || !inTheAir.includes(state.phase)) return [];
  return cameras.map(({ stream }) => stream).filter((stream) => nodeOf(stream) === state.node);
}

/** Whether it was a person who ended that stream's recording last: nobody begins it anew but a person. */
export function stoppedByHand(timeline: readonly TimelineEntry[], stream: string): boolean {
  const last = timeline.findLast(({ kind, data }) => {
    const said = data as { stream?: string; act?: string } | undefined;
    return kind === "video" && said?.stream === stream && (said.act === "start" || said.act === "stop");
  });
  return last !== undefined && last.by !== "gateway" && (last.data as { act: string }).act === "stop";
}

export interface FlightFollowing {
  cameras(): readonly CameraState[];
  /** Whether that stream was never asked for that incident. */
  first(stream: string, incident: string): boolean;
  ask(stream: string, incident: string): void;
  /** Asked for before, and wanted no more: it ran out while nothing was heard of the flight, or somebody took it back. */
  again(stream: string, incident: string): void;
  wants: Pick<Wants, "prolong">;
  /** Seconds after the last word from the air: also a drone that is not heard for a while is recorded on. */
  forS: number;
}

/** @returns what hears every state of a flight: its pictures are asked for once, and wanted for as long as it is in the air. */
export function followFlights({
  cameras,
  first,
  ask,
  again,
  wants,
  forS,
}: FlightFollowing): (state: FlightState) => void {
  return (state) => {
    for (const stream of camerasOfFlight(state, cameras())) {
      const incident = state.incident as string;
      if (first(stream, incident)) ask(stream, incident);
      else if (!wants.prolong(stream, `incident:${incident}`, forS)) again(stream, incident);
    }
  };
}
