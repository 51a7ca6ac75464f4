/** Bodies of `application/trickle-ice-sdpfrag` (RFC 8840, 9): candidates, each with the media section that it belongs to. */
import { Refusal } from "../http/refusal.ts";

export interface Fragment {
  ufrag: string | undefined;
  candidates: { candidate: string; sdpMid?: string; sdpMLineIndex?: number }[];
}

const CANDIDATES_MAX = 100;

/** @throws Refusal 400 when it is none. */
export function fragmentOf(text: string): Fragment {
  const fragment: Fragment = { ufrag: undefined, candidates: [] };
  let mid: string | undefined;
  let line = -1;
  for (const raw of text.split(/\r?\n/)) {
    const entry = raw.trim();
    if (entry === "" || entry === "a=end-of-candidates") continue;
    if (!/^[a-z]=/.test(entry))
      throw new Refusal(400, `'${entry.slice(0, 40)}' is no line of an SDP fragment`, { field: "body" });
    if (entry.startsWith("m=")) {
      line++;
      mid = undefined;
    } else if (entry.startsWith("a=mid:")) mid = entry.slice(6);
    else if (entry.startsWith("a=ice-ufrag:")) fragment.ufrag = entry.slice(12);
    else if (entry.startsWith("a=candidate:")) {
      if (fragment.candidates.length >= CANDIDATES_MAX)
        throw new Refusal(400, "too many candidates", { field: "body" });
      fragment.candidates.push({
        candidate: entry.slice(2),
        ...(mid !== undefined && { sdpMid: mid }),
        sdpMLineIndex: Math.max(0, line),
      });
    }
  }
  return fragment;
}
