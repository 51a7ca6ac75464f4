/** Joins bus, incident store and consoles: what comes from the network goes on disk first, then to everybody who should know. */
import type { Logger } from "pino";
import { ulid } from "ulid";
import type { Channel } from "#contract/channel.ts";
import {
  type IncidentState,
  incidentAcknowledge,
  incidentNotice,
  incidentState,
  incidentVerdict,
} from "#contract/incident.ts";
import { nodeState } from "#contract/node.ts";
import { clipCut, clipWant, shotFixed, shotHeard } from "#contract/shot.ts";
import type { HubBus, LiveBody } from "./context.ts";
import { incidentFor } from "./http/for-role.ts";
import type { Alerts } from "./incidents/alerts.ts";
import type { Clips } from "./incidents/clips.ts";
import type { HeardLog } from "./incidents/heard.ts";
import type { Incidents } from "./incidents/incidents.ts";
import type { Nodes } from "./nodes.ts";
import { nowUtc } from "./now.ts";

/** Sounds are asked for once alert and orders are out: cutting, sending and storing some dozens of them keeps everybody busy. */
const CLIPS_AFTER_MS = 1000;
/** Arrivals in one `clip/want`, as its schema allows. */
const WANT_MAX = 100;

interface Parts {
  bus: HubBus;
  incidents: Incidents;
  alerts: Alerts;
  clips: Clips;
  heard: HeardLog;
  nodes: Nodes;
  log: Logger;
  broadcast: (event: LiveBody) => void;
}

export const envelopeOf = () => ({ v: 1 as const, id: ulid(), node: "gateway", at: nowUtc() });

/** Resolves when it listens to the bus. @returns `catchUp`, to be called once the broker is open. */
export async function startHub(parts: Parts): Promise<{ catchUp: () => Promise<void> }> {
  const { bus, incidents, alerts, clips, heard, nodes, log, broadcast } = parts;

  const failed = (what: string) => (error: Error) => log.error({ error: error.message }, `${what} not said on the bus`);

  /** Nodes, flows and pilots hear it: of a match without the reviewer's words. */
  const say = (state: IncidentState) =>
    bus
      .publish(incidentState, incidentFor(["pilot"], state))
      .then(() => incidents.markSaid(state.incident, state.version));

  const want = (node: string, incident: string, arrivals: readonly string[]) => {
    for (let from = 0; from < arrivals.length; from += WANT_MAX) {
      const some = arrivals.slice(from, from + WANT_MAX);
      bus
        .publish(clipWant, { ...envelopeOf(), arrivals: some, incident }, { to: node })
        .catch(failed(`wish for clips of ${node}`));
    }
  };

  incidents.onVersion((state, known) => {
    broadcast({ type: "incident", incident: state });
    say(state).catch(failed(`version ${state.version} of incident ${state.incident}`));
    setImmediate(() => {
      try {
        // Should the gateway end meanwhile, they are asked for again when the nodes are back.
        const asked = clips.ask(state.incident, known.shots);
        setTimeout(() => {
          for (const [node, arrivals] of asked) want(node, state.incident, arrivals);
        }, CLIPS_AFTER_MS).unref();
      } catch (error) {
        log.error({ error: (error as Error).message, incident: state.incident }, "sounds were not asked for");
      }
    });
    if (state.verdict?.at === state.at && state.verdict.by !== "network") {
      const arrivals = known.shots.flatMap((shot) => shot.arrivals.map(({ id, node }) => ({ id, node })));
      bus
        .publish(incidentVerdict, { ...envelopeOf(), incident: state.incident, status: state.status, arrivals })
        .catch(failed(`verdict on ${state.incident}`));
    }
  });

  await bus.subscribe(shotFixed, (shot) => alerts.take(shot));
  await bus.subscribe(shotHeard, (message) => heard.add(message));
  await bus.subscribe(nodeState, (state) => {
    const back = state.status === "online" && nodes.get(state.node)?.status !== "online";
    nodes.set(state);
    broadcast({ type: "node", node: state });
    if (back) for (const [incident, arrivals] of clips.missing(state.node)) want(state.node, incident, arrivals);
  });
  await bus.subscribe(clipCut, (clip) => {
    const outcome = clips.store(clip);
    if (outcome.kind === "refused")
      log.warn({ node: clip.node, arrival: clip.arrival }, `clip refused: ${outcome.why}`);
    if (outcome.kind === "stored") broadcast(message(clipCut, { ...clip, pcm16: undefined }));
  });
  await bus.subscribe(incidentNotice, (notice) => {
    if (!incidents.takeOnce(incidentNotice.name, notice.id, notice.incident)) return;
    const text = `${notice.to} was told: ${notice.text}`;
    if (!incidents.fact(notice.incident, "notice", notice.node, text, notice)) {
      log.warn({ incident: notice.incident }, "notice of an incident that does not exist");
    } else broadcast(message(incidentNotice, notice));
  });
  await bus.subscribe(incidentAcknowledge, (acknowledge) => {
    if (!incidents.takeOnce(incidentAcknowledge.name, acknowledge.id, acknowledge.incident)) return;
    const text = acknowledge.text ?? "acknowledged";
    if (!incidents.fact(acknowledge.incident, "acknowledged", acknowledge.by, text, acknowledge)) {
      log.warn({ incident: acknowledge.incident }, "acknowledgement of an incident that does not exist");
    } else broadcast(message(incidentAcknowledge, acknowledge));
  });

  return {
    catchUp: async () => {
      for (const state of incidents.unsaid()) await say(state);
    },
  };
}

function message(channel: Channel, body: unknown): LiveBody {
  return { type: "message", channel: channel.name, message: body };
}
