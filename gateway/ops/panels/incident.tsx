/** Everything of the selected incident, in sections. */
import { detail, newestFirst, selected, selectedId, work } from "../state/store.ts";
import { Key } from "./key.tsx";
import { lazy } from "./lazy.tsx";
import { Headline } from "./sections/headline.tsx";
import { incidentSections } from "./sections/incident-sections.ts";
import { Verdict } from "./sections/verdict.tsx";

const MatchReview = lazy<object>("match", async () => (await import("../faces/review.tsx")).MatchReview);

export function Incident() {
  if (work.value === "matches") return <MatchReview />;
  const fromRecord = detail.value.kind === "ready" ? detail.value.value.incident : undefined;
  const incident = selected.value ?? (fromRecord?.incident === selectedId.value ? fromRecord : undefined);
  if (incident === undefined) {
    return (
      <aside class="incident" id="panel-incident" aria-label="Incident">
        <div class="empty">
          <p class="empty-head">{selectedId.value === undefined ? "No incident chosen." : "Fetching the incident …"}</p>
          {selectedId.value === undefined && newestFirst.value.length > 0 && (
            <p>
              <Key>J</Key> and <Key>K</Key> go through the queue.
            </p>
          )}
        </div>
      </aside>
    );
  }
  const props = { incident, detail: detail.value };
  return (
    <aside class="incident" id="panel-incident" aria-label="Incident">
      <div class="incident-top">
        <Headline {...props} />
        <Verdict {...props} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard (WCAG 2.1.1) */}
      <section class="sections" tabIndex={0} aria-label="Evidence and record">
        {incidentSections
          .filter((section) => section.shows?.(props) ?? true)
          .map(({ id, title, idle, view: View }) => {
            const isIdle = idle?.(props) ?? false;
            return (
              <section
                key={id}
                id={`section-${id}`}
                class={`section${isIdle ? " is-idle" : ""}`}
                aria-labelledby={`title-${id}`}
                tabIndex={-1}
              >
                <h3 id={`title-${id}`} class={isIdle ? "unseen" : ""}>
                  {title}
                </h3>
                <View {...props} />
              </section>
            );
          })}
      </section>
    </aside>
  );
}
