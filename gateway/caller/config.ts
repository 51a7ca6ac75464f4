/** `callers` of the gateway's configuration. */
import * as v from "valibot";

const Url = v.pipe(v.string(), v.url("must be a URL"));

/** Browsers give camera, microphone and position to secure pages only: https, or this very machine. */
function isSecure(text: string): boolean {
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}

/** Text in which `{to}`, `{text}`, `{id}` and `{secret}` are filled in. */
const Template = v.pipe(v.string(), v.maxLength(2000));

const FileSms = v.strictObject({
  kind: v.literal("file"),
  /** Each message is a line of JSON at its end. */
  path: v.string(),
});

const WebhookSms = v.strictObject({
  kind: v.literal("webhook"),
  url: Url,
  method: v.optional(v.picklist(["POST", "PUT"]), "POST"),
  headers: v.optional(
    v.record(v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]+$/, "must be a header's name")), Template),
    {},
  ),
  format: v.optional(v.picklist(["json", "form"]), "json"),
  body: v.optional(v.record(v.string(), Template), { to: "{to}", text: "{text}" }),
  /** File whose first line stands for `{secret}`; readable by the gateway alone. */
  secretFile: v.optional(v.string()),
  timeoutS: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(60)), 10),
});

export const CallersConfig = v.strictObject({
  /** Where phones reach this gateway; only this very machine where absent. */
  publicUrl: v.optional(
    v.pipe(
      Url,
      v.check(
        (text) => !URL.canParse(text) || isSecure(text),
        "must begin with https: phones give no camera to a plain page",
      ),
      v.transform((text) => text.replace(/\/+$/, "")),
    ),
  ),
  /** Who asks, as the caller reads it. */
  agency: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(80)),
  /** Shown where a link no longer serves, such as "112". */
  emergencyNumber: v.optional(v.pipe(v.string(), v.regex(/^\+?\d{2,15}$/, "must be a number to dial, such as 112"))),
  openMinutes: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(180)), 15),
  lastsHours: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(24)), 4),
  /** Stills and chat; their hashes stay on the record. */
  keepDays: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(3650)), 90),
  sms: v.optional(v.variant("kind", [FileSms, WebhookSms])),
});
export type CallersConfig = v.InferOutput<typeof CallersConfig>;
export type WebhookSms = v.InferOutput<typeof WebhookSms>;
