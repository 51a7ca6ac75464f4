/** The caller link as a part of the gateway: only where the configuration has `callers`. */
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { isAbsolute, join } from "node:path";
import { Fault, whyUnread } from "#contract/errors.ts";
import type { GatewayContext } from "../context.ts";
import { Refusal } from "../http/refusal.ts";
import { readSealKey } from "../keys.ts";
import { addFigures } from "../metrics.ts";
import type { VideoService } from "../video/service.ts";
import { CallerBook, callerOf } from "./book.ts";
import { Callers } from "./callers.ts";
import type { CallersConfig } from "./config.ts";
import type { MediaAsk, MediaPort } from "./media-port.ts";
import { addOperatorRoutes } from "./operator-routes.ts";
import { OperatorVoice } from "./operator-voice.ts";
import { bundlePage } from "./page-files.ts";
import { PhoneDesk } from "./phone-desk.ts";
import { addPhoneRoutes } from "./phone-routes.ts";
import { PhoneSockets } from "./phone-sockets.ts";
import { Seal } from "./seal.ts";
import { fileSender } from "./sms/file.ts";
import type { SmsSender } from "./sms/sender.ts";
import { webhookSender } from "./sms/webhook.ts";
import { CallerStore } from "./store.ts";

const DAY_MS = 86_400_000;
const CLEAN_MS = 3_600_000;
/** Of a phone's permission: withdrawn consent ends the session, and no older token outlives it for long. */
const TOKEN_S = 60;

/** @throws Fault (config) where the provider's secret cannot be read. */
export async function startCallers(context: GatewayContext): Promise<void> {
  const { config, http, metrics } = context;
  const { callers: settings } = config;
  if (settings === undefined) return;
  const log = context.log.child({ part: "callers" });
  const files = await bundlePage().catch((error: Error) => {
    log.error(
      { error: error.message },
      "the caller page cannot be bundled: no links are made; all else runs without it",
    );
  });
  if (!files) return;
  const stop = new AbortController();
  const seal = new Seal(readSealKey(config.dataDir, "callers.key"));
  const store = new CallerStore(join(config.dataDir, "callers.sqlite"));
  const book = new CallerBook(store, context);
  const media = mediaPort(context.video);
  const sockets: PhoneSockets = new PhoneSockets((id) => desk.hears(id, book.get(id).facts.heard));
  const push = (id: string) => sockets.push(id);
  const voice = new OperatorVoice(book, media, push);
  const desk: PhoneDesk = new PhoneDesk({
    book,
    context,
    media,
    seal,
    config: settings,
    push,
    end: (row, by, why) => callers.end(row, by, why),
  });
  const callers: Callers = new Callers({
    book,
    context,
    config: settings,
    publicUrl: () => settings.publicUrl ?? `http://127.0.0.1:${(http.server.address() as AddressInfo).port}`,
    media,
    voice,
    seal,
    sender: senderOf(settings, config.dataDir),
    log,
    push,
    closing: (row) => desk.recordStills(row),
    signal: stop.signal,
  });
  context.video?.onChange(({ stream, live }) => {
    voice.heard(stream, live);
    const id = callerOf(stream);
    if (id === undefined || book.received.has(id) === live) return;
    if (live) book.received.add(id);
    else book.received.delete(id);
    push(id);
  });
  addOperatorRoutes(context, { callers, voice, book });
  const secure = settings.publicUrl?.startsWith("https:") ?? false;
  await addPhoneRoutes(http, { desk, sockets, files, secure });
  addFigures(metrics, [
    { name: "callers_running", help: "Caller links that wait or are open", read: () => callers.running },
    { name: "callers_connected", help: "Live connections of phones", read: () => sockets.size },
    { name: "callers_said", help: "Words, knocks and positions taken in", read: () => desk.counters.said },
    { name: "callers_repeats", help: "The same, said again", read: () => desk.counters.repeats },
    {
      name: "callers_without_consent",
      help: "Not taken: consent was missing",
      read: () => desk.counters.withoutConsent,
    },
    {
      name: "callers_unsaid_dropped",
      help: "What an operator's voice did while the disk took nothing, not on the record",
      read: () => voice.counters.unsaidDropped,
    },
    { name: "callers_stills", help: "Stills taken in", read: () => desk.counters.stills },
    {
      name: "callers_texts",
      help: "Text messages by what became of them",
      label: "outcome",
      read: () => ({ ...(callers.smsCounters ?? { sent: 0, failed: 0, retries: 0 }) }),
    },
  ]);
  const clean = () => {
    try {
      callers.expire(Date.now() - settings.keepDays * DAY_MS);
    } catch (error) {
      log.error({ error: (error as Error).message }, "what is past its time is not all deleted; tried again later");
    }
  };
  clean();
  const timer = setInterval(clean, CLEAN_MS);
  context.onClose(async () => {
    clearInterval(timer);
    stop.abort();
    sockets.close();
    await callers.idle();
    store.close();
  });
}

function senderOf({ sms }: CallersConfig, dataDir: string): SmsSender | undefined {
  if (!sms) return undefined;
  if (sms.kind === "file") return fileSender(isAbsolute(sms.path) ? sms.path : join(dataDir, sms.path));
  if (sms.secretFile === undefined) return webhookSender(sms);
  try {
    return webhookSender(sms, readFileSync(sms.secretFile, "utf8").split("\n", 1)[0]?.trim());
  } catch (error) {
    throw new Fault("config", `callers.sms.secretFile: ${sms.secretFile}: ${whyUnread(error)}`, { cause: error });
  }
}

function mediaPort(video: VideoService | undefined): MediaPort {
  const grant = async (act: "publish" | "view", { record, ...ask }: MediaAsk & { record?: boolean }) => {
    if (!video) throw new Refusal(503, "there is no video relay", { fix: "words, position and stills still work" });
    const { token, expires, url, iceServers } = await video.grant({ act, ...ask, lifeS: TOKEN_S });
    // Both kinds: the token says which of them come, and consent may be given later.
    if (record) video.record({ stream: ask.stream, incident: ask.incident, media: ["video", "audio"], by: ask.sub });
    return { url, token, expires, iceServers, media: ask.media };
  };
  return {
    publish: (ask) => grant("publish", ask),
    view: (ask) => grant("view", ask),
    end: (stream, why) => video?.end({ stream, act: "publish" }, why),
    close: (stream, incident, why) => {
      video?.end({ stream }, why);
      video?.unrecord(stream, incident, "gateway");
    },
  };
}
