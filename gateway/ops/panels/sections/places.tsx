/** Where several places fit the times as well, all of them, side by side. */

import { percent } from "#contract/certainty.ts";
import { placesOf } from "../../map/features.ts";
import { nearWords } from "../../state/store.ts";
import { within } from "../../words.ts";
import type { Section, SectionProps } from "./section.ts";

function Places({ incident }: SectionProps) {
  return (
    <>
      <p class="hint">Too few nodes heard it to tell these apart. Both are on the map; neither is hidden.</p>
      <ul class="places">
        {placesOf(incident).map((place) => (
          <li key={place.letter}>
            <b class="letter">{place.letter}</b>
            <span>
              <strong>{percent(place.probability)}</strong> · {within(place.ellipse95)}
              <br />
              {nearWords(place) ?? `${place.lat.toFixed(5)}, ${place.lon.toFixed(5)}`}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

export const places: Section = {
  id: "places",
  title: "Places that fit",
  shows: ({ incident }) => (incident.alternatives?.length ?? 0) > 0,
  view: Places,
};
