/** The console's side of `contract/ops-api.ts` over HTTP. An answer is a value; only a bug throws. */
import type { IncidentState } from "#contract/incident.ts";
import type { IncidentDetail, Login, Session, SiteView, VerdictAsk } from "#contract/ops-api.ts";
import type { ListedDrone } from "./state/drones.ts";

export type Answer<T> = { ok: true; value: T } | { ok: false; status: number; error: string };

/** Seconds until an unanswered request counts as failed. */
const PATIENCE_MS = 8000;

/** A request in the person's session; `json` reads its answer. */
export async function ask(method: string, path: string, body?: unknown): Promise<Answer<Response>> {
  try {
    const response = await fetch(path, {
      method,
      credentials: "same-origin",
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(body instanceof Blob && { headers: { "content-type": body.type }, body }),
      ...(body !== undefined &&
        !(body instanceof Blob) && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    if (response.ok) return { ok: true, value: response };
    const refusal = (await response.json().catch(() => ({}))) as { error?: string; fix?: string };
    const error = [refusal.error ?? `the gateway answered ${response.status}`, refusal.fix].filter(Boolean).join(": ");
    return { ok: false, status: response.status, error };
  } catch (cause) {
    return { ok: false, status: 0, error: unreached(cause) };
  }
}

function unreached(cause: unknown): string {
  const timedOut = cause instanceof DOMException && cause.name === "TimeoutError";
  return timedOut ? "the gateway did not answer within 8 s" : "the gateway cannot be reached";
}

export async function json<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
  const answer = await ask(method, path, body);
  if (!answer.ok) return answer;
  if (answer.value.status === 204) return { ok: true, value: undefined as T };
  try {
    return { ok: true, value: (await answer.value.json()) as T };
  } catch (cause) {
    // Whoever reads the body waits on the same patience: an answer that began in time may still end too late.
    if (!(cause instanceof SyntaxError)) return { ok: false, status: 0, error: unreached(cause) };
    return { ok: false, status: answer.value.status, error: "the gateway's answer is not JSON" };
  }
}

/** A drone's answer to an order, in its own words. */
export interface Told {
  accepted: true;
  why: string;
}

const incidentPath = (id: string, rest = "") => `/api/incidents/${encodeURIComponent(id)}${rest}`;

export const api = {
  session: () => json<Session>("GET", "/api/session"),
  login: (login: Login) => json<Session>("POST", "/api/session", login),
  logout: () => json<undefined>("DELETE", "/api/session"),
  site: () => json<SiteView>("GET", "/api/site"),
  streets: () => json<unknown>("GET", "/api/streets.geojson"),
  page: (query: { before?: string; status?: string; limit: number }) => {
    const search = new URLSearchParams({ limit: String(query.limit) });
    if (query.before !== undefined) search.set("before", query.before);
    if (query.status !== undefined) search.set("status", query.status);
    return json<{ incidents: IncidentState[]; total: number }>("GET", `/api/incidents?${search}`);
  },
  detail: (id: string) => json<IncidentDetail>("GET", incidentPath(id)),
  take: (id: string) => json<IncidentState>("POST", incidentPath(id, "/take"), {}),
  verdict: (id: string, verdict: VerdictAsk) => json<IncidentState>("POST", incidentPath(id, "/verdict"), verdict),
  note: (id: string, text: string) => json<IncidentState>("POST", incidentPath(id, "/note"), { text }),
  drones: () => json<{ drones: ListedDrone[] }>("GET", "/api/drones"),
  sendDrone: (id: string, why: string) => json<Told>("POST", incidentPath(id, "/flight"), { why }),
  order: (drone: string, act: string, body: object) =>
    json<Told>("POST", `/api/drones/${encodeURIComponent(drone)}/${act}`, body),
  clip: async (id: string, arrival: string): Promise<Answer<ArrayBuffer>> => {
    const answer = await ask("GET", incidentPath(id, `/clips/${encodeURIComponent(arrival)}`));
    return answer.ok ? { ok: true, value: await answer.value.arrayBuffer() } : answer;
  },
  evidencePath: (id: string) => incidentPath(id, "/evidence"),
};
