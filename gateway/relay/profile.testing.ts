/** Reads a V8 CPU profile of the relay: how its busy time divides between encryption, sockets, this house's code and werift. */

interface Node {
  id: number;
  callFrame: { functionName: string; url: string };
  children?: number[];
}

interface Profile {
  nodes: Node[];
  samples: number[];
  /** Microseconds from each sample to the one before. */
  timeDeltas: number[];
  startTime: number;
  endTime: number;
}

const idle = new Set(["(idle)", "(program)", "(root)"]);

function kindOf({ callFrame: { functionName, url } }: Node): string | undefined {
  if (functionName === "(garbage collector)") return "garbage collection";
  if (
    url.includes("internal/crypto") ||
    url.includes("node:crypto") ||
    (/secure-sender/.test(url) && functionName === "initialisation")
  )
    return "encryption";
  if (/node:(dgram|internal\/dgram)|node:dns|internal\/dns|cares/.test(url)) return "socket";
  if (url.includes("/gateway/relay/")) return "our code";
  if (url.includes("werift")) return "werift (receiving, ICE, RTCP)";
  if (url.startsWith("node:")) return "node (events, timers, buffers)";
  return undefined;
}

/**
 * Shares of the time that was not idle; a native function belongs to whoever called it.
 * @param last what is looked at: seconds before the end of the profile, from and to. Its beginning is loading and compiling.
 */
export function shareOf(
  json: string,
  last: { fromS: number; toS: number },
): { busy: Record<string, number>; busyShare: number } {
  const { nodes, samples, timeDeltas, startTime, endTime } = JSON.parse(json) as Profile;
  const parents = new Map<number, Node>();
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const kinds = new Map<number, string>();
  const kindAt = (id: number): string => {
    const known = kinds.get(id);
    if (known !== undefined) return known;
    const node = byId.get(id) as Node;
    const parent = parents.get(id);
    const kind = idle.has(node.callFrame.functionName)
      ? "idle"
      : (kindOf(node) ?? (parent ? kindAt(parent.id) : "other"));
    kinds.set(id, kind);
    return kind;
  };
  const sums = new Map<string, number>();
  let total = 0;
  let atUs = startTime;
  for (const [at, id] of samples.entries()) {
    const us = timeDeltas[at] ?? 0;
    atUs += us;
    if (atUs < endTime - last.fromS * 1e6 || atUs > endTime - last.toS * 1e6) continue;
    total += us;
    sums.set(kindAt(id), (sums.get(kindAt(id)) ?? 0) + us);
  }
  const busy = total - (sums.get("idle") ?? 0);
  sums.delete("idle");
  const shares = [...sums].sort((a, b) => b[1] - a[1]).map(([kind, us]): [string, number] => [kind, us / busy]);
  return { busy: Object.fromEntries(shares), busyShare: busy / total };
}
