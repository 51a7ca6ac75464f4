/** Text messages by a provider's HTTP interface, whose fields the configuration describes. */
import type { WebhookSms } from "../config.ts";
import type { SmsOutcome, SmsSender } from "./sender.ts";

/** Of a provider's answer, for the log. */
const MOST_ANSWER = 200;

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
        const said = (await answer.text()).slice(0, MOST_ANSWER).replaceAll(secret || "\0", "***");
        return outcomeOf(answer.status, answer.headers.get("retry-after"), said);
      } catch (error) {
        const { name, cause, message: text } = error as Error & { cause?: { code?: string } };
        const why = name === "TimeoutError" ? `no answer within ${config.timeoutS} s` : (cause?.code ?? text);
        return { kind: "again", why: `the provider cannot be reached (${why})` };
      }
    },
  };
}

/** RFC 9110: 408, 425, 429 and 5xx may be tried again; Retry-After may say when. */
function outcomeOf(status: number, retryAfter: string | null, said: string): SmsOutcome {
  if (status >= 200 && status < 300) return { kind: "sent" };
  const why = `the provider answered ${status}${said ? `: ${said}` : ""}`;
  if (status !== 408 && status !== 425 && status !== 429 && status < 500) return { kind: "refused", why };
  const afterS = retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined;
  return { kind: "again", why, ...(afterS !== undefined && { afterS }) };
}
