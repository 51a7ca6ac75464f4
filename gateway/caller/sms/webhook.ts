/** Text messages by a provider's HTTP interface, whose fields the configuration describes. */
import type { WebhookSms } from "../config.ts";
import type { SmsOutcome, SmsSender } from "./sender.ts";

/**
 * All of a provider's answer that is kept: its error code (`21211`, `INVALID_NUMBER`). What else it says may repeat the number or the text with its
 * link, and the record keeps it for ever.
 */
const CODE = /^(?:[0-9]{1,6}|[A-Za-z][A-Za-z_.-]{1,31})$/;
const MOST_ANSWER_BYTES = 16_384;

/** @param secret what stands for `{secret}`. */
export function webhookSender(config: WebhookSms, secret = ""): SmsSender {
  return {
    send: async (message, signal) => {
      const fill = (template: string) =>
        template.replace(/\{(to|text|id|secret)\}/g, (_, name: keyof typeof message | "secret") =>
          name === "secret" ? secret : message[name],
        );
      const fields = Object.entries(config.body).map(([name, template]): [string, string] => [name, fill(template)]);
      const json = config.format === "json";
      try {
        const answer = await fetch(config.url, {
          method: config.method,
          headers: {
            "content-type": json ? "application/json" : "application/x-www-form-urlencoded",
            "idempotency-key": message.id,
            ...Object.fromEntries(Object.entries(config.headers).map(([name, template]) => [name, fill(template)])),
          },
          body: json ? JSON.stringify(Object.fromEntries(fields)) : new URLSearchParams(fields).toString(),
          redirect: "error",
          signal: AbortSignal.any([signal, AbortSignal.timeout(config.timeoutS * 1000)]),
        });
        const code = codeIn(await answer.text(), [...Object.values(message), secret]);
        return outcomeOf(answer.status, answer.headers.get("retry-after"), code);
      } catch (error) {
        const { name, cause, message: text } = error as Error & { cause?: { code?: string } };
        const why = name === "TimeoutError" ? `no answer within ${config.timeoutS} s` : (cause?.code ?? text);
        return { kind: "again", why: `the provider cannot be reached (${why})` };
      }
    },
  };
}

/** @param sent what must not come back in it. */
function codeIn(answer: string, sent: readonly string[]): string | undefined {
  if (answer.length > MOST_ANSWER_BYTES) return undefined;
  let said: unknown;
  try {
    said = JSON.parse(answer);
  } catch {
    return undefined;
  }
  const { code, error_code, error } = (said ?? {}) as Record<string, unknown>;
  const inner = typeof error === "object" ? (error as { code?: unknown } | null)?.code : error;
  for (const each of [code, error_code, inner]) {
    if (typeof each !== "string" && typeof each !== "number") continue;
    const token = String(each);
    if (CODE.test(token) && !sent.some((part) => part.includes(token))) return token;
  }
  return undefined;
}

/** RFC 9110: 408, 425, 429 and 5xx may be tried again; Retry-After may say when. */
function outcomeOf(status: number, retryAfter: string | null, code: string | undefined): SmsOutcome {
  if (status >= 200 && status < 300) return { kind: "sent" };
  const why = `the provider answered ${status}${code === undefined ? "" : `, code ${code}`}`;
  if (status !== 408 && status !== 425 && status !== 429 && status < 500) return { kind: "refused", why };
  const afterS = retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined;
  return { kind: "again", why, ...(afterS !== undefined && { afterS }) };
}
