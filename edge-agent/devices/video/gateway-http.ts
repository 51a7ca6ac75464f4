/** Requests of a node to the gateway's HTTP server. The token goes to the gateway alone: redirects are not followed. */
import { readFileSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";

export interface GatewayAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

const MAX_BODY_BYTES = 1 * 2 ** 20;
const TIMEOUT_MS = 8_000;

export type GatewayHttp = (
  method: string,
  url: string,
  headers: Record<string, string>,
  body: Buffer | string,
  signal: AbortSignal,
  timeoutMs?: number,
) => Promise<GatewayAnswer>;

/**
 * @param gatewayUrl what relative addresses are below.
 * @param caFile certificate of whoever signed the gateway's, where the machine does not know it.
 * Requests reject where there is no answer, or the address is another machine's without TLS.
 */
export function gatewayHttp(gatewayUrl: string, caFile?: string): GatewayHttp {
  const base = new URL(gatewayUrl);
  const ca = caFile === undefined ? undefined : readFileSync(caFile);
  return (method, relative, headers, body, signal, timeoutMs = TIMEOUT_MS) => {
    const url = new URL(relative, base);
    if (url.protocol !== "https:" && url.origin !== base.origin)
      return Promise.reject(new Error(`${url.origin} is not the gateway and has no TLS: nothing is sent there`));
    return new Promise((resolve, reject) => {
      const options = { method, headers: { ...headers, "content-length": Buffer.byteLength(body) }, signal, ca };
      const asked = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, options, (answer) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        answer.on("data", (part: Buffer) => {
          bytes += part.length;
          if (bytes > MAX_BODY_BYTES) asked.destroy(new Error("the answer is too long"));
          else parts.push(part);
        });
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(parts).toString("utf8"),
          }),
        );
        answer.on("error", reject);
      });
      asked.setTimeout(timeoutMs, () => asked.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
      asked.on("error", reject);
      asked.end(body);
    });
  };
}

/** Whether the gateway stands on this very machine. */
export function reachesLoopback(gatewayUrl: string): boolean {
  const { hostname } = new URL(gatewayUrl);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
