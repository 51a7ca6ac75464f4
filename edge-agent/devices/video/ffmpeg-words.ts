/** What ffmpeg says on stderr, in words for a technician, without anybody's password. */

export interface ChildEnd {
  /** `refused`: the camera does not take our account; asking often would lock it. */
  kind: "refused" | "absent" | "broken";
  why: string;
}

const known: readonly [RegExp, ChildEnd["kind"], string][] = [
  [/401 Unauthorized|403 Forbidden/, "refused", "the camera refuses the account: check username and passwordFile"],
  [/404 Not Found/, "broken", "the camera has no stream of this path: check url"],
  [/461 Unsupported/, "broken", "the camera does not offer this transport: try the other one (tcp, udp)"],
  [/Connection refused/, "absent", "nothing answers at the camera's port: is it on, and is the port right?"],
  [
    /No route to host|Network is unreachable|Host is unreachable/,
    "absent",
    "no way to the camera: check cable and address",
  ],
  [/Connection timed out|Operation timed out/, "absent", "the camera does not answer: check cable, power and address"],
  [/Failed to resolve|Name or service not known/, "absent", "the camera's name is not known: check url"],
  [/\/dev\/\S+: No such (file|device)/, "absent", "the camera is not plugged in"],
  [/No such device|ENODEV/, "absent", "the camera was unplugged"],
  [/Device or resource busy/, "broken", "another program has the camera"],
  [/Permission denied/, "broken", "no right to open the camera: add the service's user to the group video"],
  [/Unknown encoder|Encoder not found/, "broken", "ffmpeg has no such encoder: check encoder.name"],
  [/matches no streams|does not contain any stream/, "broken", "the camera offers no picture"],
];

/** Why a child ended, by its last words. */
export function endOf(stderr: string, exit: string): ChildEnd {
  for (const [pattern, kind, why] of known) if (pattern.test(stderr)) return { kind, why };
  // Asked to stop at nothing, it stops well when its source does.
  if (exit === "status 0") return { kind: "absent", why: "the camera ended the stream" };
  const last = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(Press \[q\]|video:|frame=|Metadata|Stream mapping)/.test(line))
    .at(-1);
  if (/End of file|^$/.test(last ?? "")) return { kind: "absent", why: "the camera ended the stream" };
  return { kind: "broken", why: `ffmpeg ended (${exit}): ${withoutAccount(last ?? "").slice(0, 200)}` };
}

export function withoutAccount(text: string): string {
  return text.replace(/(rtsps?:\/\/)[^/@\s]*@/g, "$1").replace(/rtsp:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}/g, "(ingest)");
}

/** Codec, size and rate as ffmpeg prints them of its input, once it knows: `Stream #0:0: Video: h264 (High), yuv420p, 1280x720, 25 fps`. */
export function inputVideoOf(stderr: string): { codec: string; widthPx?: number; heightPx?: number } | undefined {
  const line = /Stream #0:\d+.*?: Video: (.+)/.exec(stderr)?.[1];
  if (line === undefined) return undefined;
  const size = /\b(\d{2,5})x(\d{2,5})\b/.exec(line);
  return {
    codec: /^\w+/.exec(line)?.[0] ?? "",
    ...(size && { widthPx: Number(size[1]), heightPx: Number(size[2]) }),
  };
}
