/** WHIP (RFC 9725) from the publisher's side: one session, made, shown a newer token, ended. */
import type { IceServer } from "#contract/video.ts";
import type { UplinkRefusal } from "../../video-port.ts";
import type { GatewayAnswer, GatewayHttp } from "./gateway-http.ts";

export interface WhipSession {
  ok: true;
  answer: string;
  iceServers: IceServer[];
  /** Section 4.2.2: to prolong it. */
  renew(token: string, signal: AbortSignal): Promise<{ ok: true } | UplinkRefusal>;
  /** Whether the relay still has the session; undefined where it did not say. */
  stands(signal: AbortSignal): Promise<boolean | undefined>;
  /** Section 4.2: DELETE. Never rejects: a relay that is gone has ended it too. */
  end(): Promise<void>;
}

const END_WITHIN_MS = 2_000;

export async function openWhip(
  http: GatewayHttp,
  url: string,
  token: string,
  offer: string,
  signal: AbortSignal,
): Promise<WhipSession | UplinkRefusal> {
  let shown = token;
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
  let made: GatewayAnswer;
  try {
    made = await http("POST", url, { ...bearer(token), "content-type": "application/sdp" }, offer, signal);
  } catch (error) {
    return { ok: false, kind: "link", why: `the relay does not answer: ${(error as Error).message}` };
  }
  if (made.status !== 201) return refusalOf(made);
  const { location, link } = made.headers;
  if (location === undefined || !made.body.startsWith("v=0"))
    return { ok: false, kind: "refused", why: "the relay's answer has no Location or no SDP" };
  const at = new URL(location, new URL(url, "http://gateway")).href.replace(/^http:\/\/gateway(?=\/)/, "");
  return {
    ok: true,
    answer: made.body,
    iceServers: iceServersOf(link),
    async renew(newer, signal) {
      try {
        const answer = await http("PATCH", at, bearer(newer), "", signal);
        if (answer.status >= 300) return refusalOf(answer);
        shown = newer;
        return { ok: true };
      } catch (error) {
        return { ok: false, kind: "link", why: (error as Error).message };
      }
    },
    async stands(signal) {
      try {
        const { status } = await http("PATCH", at, bearer(shown), "", signal);
        return status < 300 ? true : status >= 500 ? undefined : false;
      } catch {
        return undefined;
      }
    },
    async end() {
      await http("DELETE", at, bearer(shown), "", AbortSignal.timeout(END_WITHIN_MS)).catch(() => undefined);
    },
  };
}

export function refusalOf({ status, headers, body }: GatewayAnswer): UplinkRefusal {
  let said = "";
  try {
    const { error, fix } = JSON.parse(body) as { error?: string; fix?: string };
    said = `: ${error ?? ""}${fix ? ` (${fix})` : ""}`;
  } catch {
    // Not ours: a proxy's page says nothing that a technician could use.
  }
  const kind =
    status === 401 || status === 403 ? "token" : status === 409 ? "busy" : status >= 502 ? "link" : "refused";
  const retryAfterS = Number(headers["retry-after"]);
  return {
    ok: false,
    kind,
    why: `the gateway answers ${status}${said}`.slice(0, 500),
    ...(retryAfterS > 0 && retryAfterS <= 300 && { retryAfterS }),
  };
}

/** `<turn:turn.example>; rel="ice-server"; username="u"; credential="c"` (section 4.6). */
function iceServersOf(link: string | string[] | undefined): IceServer[] {
  const links = [link ?? []].flat().flatMap((line) => line.split(/,\s*(?=<)/));
  return links.flatMap((text) => {
    const url = /^<((?:stuns?|turns?):[^>]+)>/.exec(text)?.[1];
    if (url === undefined || !/rel="?ice-server"?/.test(text)) return [];
    const field = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(text)?.[1];
    const [username, credential] = [field("username"), field("credential")];
    return [
      { urls: [url], ...(username !== undefined && { username }), ...(credential !== undefined && { credential }) },
    ];
  });
}
