/** What one node said of itself, and how long ago: for the technician below the lamppost. */
import type { NodeState } from "#contract/node.ts";
import { conditions } from "../map/placed-nodes.ts";
import { chosenNode, nodesPlaced } from "../state/map-state.ts";
import { gatewayNowMs, nodeStates } from "../state/store.ts";
import { age } from "../words.ts";
import { NodeMark } from "./node-mark.tsx";

/** One sigma of a clock in the unit that fits it. */
function sigma(seconds: number): string {
  if (seconds < 1e-3) return `${(seconds * 1e6).toFixed(0)} µs`;
  return seconds < 1 ? `${(seconds * 1e3).toFixed(1)} ms` : `${seconds.toFixed(1)} s`;
}

/** What reviewers' verdicts made of the classifier here. */
function learned({ version, inUse, why, verdicts }: NonNullable<NodeState["adaptation"]>): string {
  const used = inUse === undefined ? "" : inUse === 0 ? "classifier as it ships; " : `correction ${inUse} in use; `;
  const newest = version === inUse || version === 0 ? "" : `correction ${version} not used; `;
  return `${used}${newest}${why ? `${why}; ` : ""}${verdicts} verdicts`;
}

export function NodeCard() {
  const node = nodesPlaced.value.find(({ id }) => id === chosenNode.value);
  if (node === undefined) return null;
  const state = nodeStates.value.get(node.id);
  const facts: [string, string][] = node.label === node.id ? [] : [["Where", node.label]];
  if (state !== undefined) {
    facts.push(["Said", `${age((gatewayNowMs.value - Date.parse(state.at)) / 1000)} ago`]);
    const { adaptation, clock, selfTest, positionDoubt, counters } = state;
    if (clock)
      facts.push([
        "Clock",
        clock.synchronised
          ? `${clock.source}, ± ${sigma(clock.sigmaS)}${clock.samplePpm === undefined ? "" : `, sound card ${clock.samplePpm.toFixed(1)} ppm`}`
          : "not synchronised: nothing is stamped",
      ]);
    facts.push(["Does", state.roles.join(", ") || "nothing"]);
    if (state.softwareVersion) facts.push(["Software", state.softwareVersion]);
    if (selfTest) facts.push(["Microphone", `${selfTest.passed ? "passed" : "failed"}: ${selfTest.detail}`]);
    if (adaptation) facts.push(["Learned", learned(adaptation)]);
    if (positionDoubt) {
      const offM = Math.hypot(positionDoubt.eastM, positionDoubt.northM);
      facts.push(["Position", `residuals suggest ${offM.toFixed(1)} m off (± ${positionDoubt.sigmaM.toFixed(1)} m)`]);
    }
    for (const [name, value] of Object.entries(counters ?? {}))
      if (value !== 0) facts.push([name, value.toLocaleString("en")]);
  }
  return (
    <section class="node-card" aria-label={`Node ${node.id}`}>
      <header>
        <NodeMark condition={node.condition} />
        <h3>{node.id}</h3>
        <span>{conditions.find(({ id }) => id === node.condition)?.word}</span>
        <button
          type="button"
          class="quiet"
          aria-label="Close the node's card"
          onClick={() => (chosenNode.value = undefined)}
        >
          ✕
        </button>
      </header>
      {state?.fault && <p class="warning">{state.fault}</p>}
      {state === undefined && <p class="hint">It never said anything to this gateway.</p>}
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
