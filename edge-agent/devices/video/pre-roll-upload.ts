/** Sends the last seconds before an incident to the gateway: `POST /video/preroll/<stream>`, the publisher's token, a fragmented MP4 without sound. */
import type { UploadPreRoll } from "../../video-port.ts";
import type { GatewayHttp } from "./gateway-http.ts";
import { refusalOf } from "./whip.ts";

const TIMEOUT_MS = 60_000;

export function preRollUpload(http: GatewayHttp): UploadPreRoll {
  return async (url, token, { mp4, startUtcMs, durationS }, signal) => {
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "video/mp4",
      "x-start-time": new Date(startUtcMs).toISOString(),
      "x-duration-s": durationS.toFixed(3),
    };
    try {
      const answer = await http("POST", url, headers, mp4, signal, TIMEOUT_MS);
      return answer.status === 201 ? { ok: true } : refusalOf(answer);
    } catch (error) {
      return { ok: false, kind: "link", why: (error as Error).message };
    }
  };
}
