/** The looks of this page, one a stream. */
import { Watch } from "./watch.ts";

const MOST_KEPT = 32;
const watches = new Map<string, Watch>();

/** The look at a stream; the longest unused ones are forgotten with their last pictures. */
export function watchOf(stream: string): Watch {
  const known = watches.get(stream) ?? new Watch(stream);
  watches.delete(stream);
  watches.set(stream, known);
  if (watches.size > MOST_KEPT) {
    const oldest = [...watches.values()].find(({ phase }) => phase.peek() === "off");
    if (oldest !== undefined) watches.delete(oldest.stream);
  }
  return known;
}
