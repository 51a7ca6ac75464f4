/** While a drone's order waits for a place: a click on the map, or a button for whoever has no mouse. */
import { signal } from "@preact/signals";
import { aiming, drone, pressPlace } from "../state/flight.ts";
import { selected } from "../state/store.ts";
import { Key } from "./key.tsx";

/** The middle of what the map shows; unset where there is no map that can be moved. */
export const mapMiddle = signal<(() => { lat: number; lon: number }) | undefined>(undefined);

export function Aim() {
  const order = aiming.value;
  const one = drone.value;
  const middle = mapMiddle.value;
  if (order === undefined || one === undefined) return null;
  const place = selected.value?.place;
  const height = one.state?.plan?.laneHeightM;
  const high = height === undefined ? "" : `, ${Math.round(height)} m above ground`;
  return (
    <>
      {middle && <span class="crosshair" aria-hidden="true" />}
      <section class="aim" aria-label="Choose a place">
        <p role="status">
          <b>{order.id === "goto" ? `Where shall ${one.id} fly${high}?` : `What shall ${one.id} look at?`}</b>
          {middle && " Click the place on the map."}
        </p>
        <div class="row">
          {middle && (
            <button type="button" onClick={() => pressPlace(middle())}>
              The middle of the map
            </button>
          )}
          {place && (
            <button type="button" onClick={() => pressPlace(place)}>
              The incident's place
            </button>
          )}
          <button type="button" class="quiet" onClick={() => (aiming.value = undefined)}>
            Cancel <Key>Esc</Key>
          </button>
        </div>
      </section>
    </>
  );
}
