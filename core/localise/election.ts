/**
 * Who triangulates while the gateway is out of reach: of the neighbours that hear each other, the one whose name comes first.
 * Everyone says so at intervals; whoever hears no earlier name within the time that three of these take leads. Two leaders for a
 * moment do no harm: the same arrivals give shots the same names. As soon as the gateway is back, whoever led hands over.
 */

export interface ElectionOptions {
  /** The gateway must be gone this long: a restart of it is no reason for an election. */
  graceS: number;
  /** How often a candidate says that it is there. */
  sayEveryS: number;
}

export const usualElection: ElectionOptions = { graceS: 10, sayEveryS: 2 };

export interface Election {
  self: string;
  role: "idle" | "candidate" | "leader" | "follower";
  /** Since when the gateway is out of reach; undefined while it is not. */
  lostNs: bigint | undefined;
  /** When this node became a candidate, and when it last said so. */
  sinceNs: bigint | undefined;
  saidNs: bigint | undefined;
  /** Candidates heard, and when last. */
  peers: ReadonlyMap<string, bigint>;
  /** When anything happened last; ticks come no rarer than `sayEveryS`. */
  lookedNs: bigint | undefined;
}

/** `nowNs` of a clock that is not set. */
export type ElectionEvent =
  | { kind: "gateway"; reachable: boolean; nowNs: bigint }
  | { kind: "peer"; node: string; nowNs: bigint }
  | { kind: "tick"; nowNs: bigint };

export type ElectionCommand =
  | { kind: "say" }
  | { kind: "lead" }
  | { kind: "follow"; leader: string }
  | { kind: "hand-over" };

const NS = 1e9;

export function electionOf(self: string): Election {
  return {
    self,
    role: "idle",
    lostNs: undefined,
    sinceNs: undefined,
    saidNs: undefined,
    peers: new Map(),
    lookedNs: undefined,
  };
}

/** One step; the commands are to be carried out in their order. */
export function stepElection(
  before: Election,
  event: ElectionEvent,
  options: ElectionOptions = usualElection,
): [Election, ElectionCommand[]] {
  const { nowNs } = event;
  const state = heard(before, nowNs, options);
  if (event.kind === "gateway") {
    if (!event.reachable) return [{ ...state, lostNs: state.lostNs ?? nowNs }, []];
    return [electionOf(state.self), state.role === "leader" ? [{ kind: "hand-over" }] : []];
  }
  if (event.kind === "peer") {
    if (event.node === state.self) return [state, []];
    return settle({ ...state, peers: new Map(state.peers).set(event.node, nowNs) }, nowNs, options);
  }
  const commands: ElectionCommand[] = [];
  let next = state;
  if (next.role === "idle") {
    if (next.lostNs === undefined || nowNs - next.lostNs < seconds(options.graceS)) return [next, []];
    next = { ...next, role: "candidate", sinceNs: nowNs };
  }
  if (next.saidNs === undefined || nowNs - next.saidNs >= seconds(options.sayEveryS)) {
    next = { ...next, saidNs: nowNs };
    commands.push({ kind: "say" });
  }
  const [after, more] = settle(next, nowNs, options);
  return [after, [...commands, ...more]];
}

/** A node that stood still itself heard nobody meanwhile: nobody has been silent for that long, and it has not listened. */
function heard(state: Election, nowNs: bigint, { sayEveryS }: ElectionOptions): Election {
  const heldNs = nowNs - (state.lookedNs ?? nowNs) - seconds(sayEveryS);
  if (heldNs <= 0n) return { ...state, lookedNs: nowNs };
  const peers = new Map([...state.peers].map(([node, seenNs]) => [node, seenNs + heldNs]));
  return { ...state, peers, lookedNs: nowNs, sinceNs: state.sinceNs && state.sinceNs + heldNs };
}

/** Forgets who has gone silent and sees who comes first of the rest. */
function settle(state: Election, nowNs: bigint, options: ElectionOptions): [Election, ElectionCommand[]] {
  const silentNs = seconds(3 * options.sayEveryS);
  const peers = new Map([...state.peers].filter(([, seenNs]) => nowNs - seenNs < silentNs));
  const next = { ...state, peers };
  if (state.role === "idle" || state.sinceNs === undefined) return [next, []];
  const [first] = [state.self, ...peers.keys()].sort();
  if (first !== state.self) {
    if (state.role === "follower") return [next, []];
    const commands: ElectionCommand[] = [{ kind: "follow", leader: first! }];
    if (state.role === "leader") commands.unshift({ kind: "hand-over" });
    return [{ ...next, role: "follower" }, commands];
  }
  // Whoever has just begun to listen does not know yet who else is there.
  if (state.role === "leader" || nowNs - state.sinceNs < silentNs) return [next, []];
  return [{ ...next, role: "leader" }, [{ kind: "lead" }]];
}

function seconds(s: number): bigint {
  return BigInt(Math.round(s * NS));
}
