/** What holds a program that did not end, from Node's own report of it (`process.report`), in words. */
import { readFileSync } from "node:fs";
import * as v from "valibot";

const Endpoint = v.nullish(v.object({ port: v.optional(v.number()) }));
const Report = v.object({
  libuv: v.array(
    v.object({
      type: v.string(),
      is_active: v.optional(v.boolean(), false),
      is_referenced: v.optional(v.boolean(), true),
      pid: v.optional(v.number()),
      repeat: v.optional(v.number()),
      firesInMsFromNow: v.optional(v.number()),
      localEndpoint: Endpoint,
      remoteEndpoint: Endpoint,
    }),
  ),
  workers: v.array(v.unknown()),
});
type Handle = v.InferOutput<typeof Report>["libuv"][number];

/** Node's switches with which SIGUSR2 writes a report to `file`, without what is secret. */
export const reportSwitches = (folder: string, file: string): string[] => [
  ...["--report-on-signal", "--report-exclude-env", "--report-exclude-network", "--report-compact"],
  ...[`--report-directory=${folder}`, `--report-filename=${file}`],
];

/** @param loaderThreads those that every program of this kind has. */
export function whatHolds(json: string, loaderThreads: number): string {
  const { libuv, workers } = v.parse(Report, JSON.parse(json));
  const held = libuv.filter((each) => each.is_active && each.is_referenced);
  const counted = new Map<string, number>();
  for (const words of held.flatMap(wordsOf)) counted.set(words, (counted.get(words) ?? 0) + 1);
  const threads = workers.length - loaderThreads;
  if (threads > 0) counted.set(threads === 1 ? "a thread" : `${threads} threads`, 1);
  const all = [...counted].map(([words, times]) => (times === 1 ? words : `${times} x ${words}`));
  return `it waits for ${all.length > 0 ? all.join(", ") : "nothing that Node knows of"}`;
}

function wordsOf({ type, pid, firesInMsFromNow, localEndpoint, remoteEndpoint }: Handle): string[] {
  if (type === "loop" || type === "async") return [];
  if (type === "process") return [`the end of process ${pid}${programOf(pid)}`];
  if (type === "timer") return [`a timer that is due in ${Math.max(0, firesInMsFromNow ?? 0)} ms`];
  if (type === "tcp" && !remoteEndpoint) return [`connections at port ${localEndpoint?.port}`];
  if (type === "tcp") return [`port ${remoteEndpoint?.port} at the other end`];
  return [`a ${type}`];
}

function programOf(pid: number | undefined): string {
  try {
    return ` (${readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim().slice(0, 200)})`;
  } catch {
    // It ended since, or this system has no such folder.
    return "";
  }
}
