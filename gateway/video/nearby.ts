/** Cameras that an incident asks for by itself: the nearest of the site's nodes, and the drone or robot that is on its way to it. */
import type { FlightState } from "#contract/flight.ts";
import type { IncidentState } from "#contract/incident.ts";
import type { CameraState } from "#contract/video.ts";
import { frameAt } from "#core/localise/geo.ts";
import type { GatewayConfig } from "../config.ts";
import { nodeOf } from "./wants.ts";

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
