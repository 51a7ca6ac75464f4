/** The keys, beside the picture and never over the map. */

import { singleKeys } from "../state/preferences.ts";
import { helpOpen } from "../state/store.ts";
import { Drawer } from "./drawer.tsx";
import { Key } from "./key.tsx";

const groups: readonly { title: string; keys: readonly (readonly [string, string])[] }[] = [
  {
    title: "Incidents",
    keys: [
      ["J K", "older, newer incident"],
      ["T", "take it: the alarm stops, everybody sees it"],
      ["C D E", "confirm, dismiss, escalate; then 1 to 9 for the reason, 0 for another"],
      ["U", "undo: back to unreviewed, as a new entry"],
      ["N", "note for the record"],
      ["Esc", "cancel, close"],
    ],
  },
  {
    title: "Drone of the incident",
    keys: [
      ["F", "to the drone"],
      ["A", "authorise, or send one; then 1 to 9 for the reason, 0 for another"],
      ["P", "take over as pilot; then 1"],
      ["G", "give back to autonomy"],
      ["H B", "hold, back to its dock: at once"],
      ["L", "land here; then 1"],
      ["⇧X", "e-stop: hold, then land, at once; never a motor cut"],
    ],
  },
  {
    title: "Possible matches",
    keys: [
      ["J K", "older, newer match"],
      ["C D E", "confirm, “this is not them”, escalate; then 1 to 9 for the reason, 0 for another"],
    ],
  },
  {
    title: "Looking",
    keys: [
      ["M", "map on the incident"],
      ["R", "arrival rings"],
      ["V", "the incident's pictures: asks the cameras for them"],
      ["Q", "queue"],
      ["?", "this list"],
    ],
  },
];

export function Help() {
  if (!helpOpen.value) return null;
  return (
    <Drawer id="help" label="Help and keys" title="Keys" close={() => (helpOpen.value = false)}>
      {singleKeys.value === "off" && <p class="warning">Single keys are off at this desk.</p>}
      {groups.map(({ title, keys }) => (
        <div key={title}>
          <h3>{title}</h3>
          <dl class="keys">
            {keys.map(([key, what]) => (
              <div key={key}>
                <dt>
                  {key.split(" ").map((one) => (
                    <Key key={one}>{one}</Key>
                  ))}
                  <span class="unseen">{key}</span>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </div>
      ))}
      <h3>What the figures mean</h3>
      <p>
        <b>97 % almost certain</b>: how sure the network is that this was gunfire. <b>Within 3 m</b>: the place lies
        inside the ellipse with 95 % probability; the figure is its longer half axis. <b>Residual</b>: how much earlier
        or later a node heard the sound than this place explains.
      </p>
      <p class="faint">Map drawing: MapLibre GL JS, BSD-3-Clause. Typeface: Inter, SIL OFL 1.1.</p>
    </Drawer>
  );
}
