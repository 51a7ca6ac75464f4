/** Picture and voice of this phone on their way to the relay, and the operator's voice from there. */
import { batch, effect } from "@preact/signals";
import { Camera } from "./camera.ts";
import { gateway } from "./gateway-line.ts";
import { Session } from "./session.ts";
import * as s from "./state.ts";
import { Stills } from "./stills.ts";
import { line } from "./talk.ts";
import { type LinkMeasure, stepThin, thick } from "./thin-link.ts";
import { awake } from "./wake.ts";

const MEASURE_MS = 2_000;
/** The relay says for so long that nothing comes. */
const UNHEARD_MS = 1_500;
const CONSENT_MS = 5_000;
/** Enough for 720 lines of a phone's camera; the congestion control goes below it by itself. */
const MOST_VIDEO_BPS = 1_500_000;

const camera = new Camera();
const stills = new Stills();
const speaker = new Audio();
let thinState = thick;

/** Set once by the page: what was given is gone, by the system's or another app's will. */
export const mediaEvents = { blocked: (_item: "video" | "voice"): void => undefined };

const sender = new Session({
  grant: async () => {
    // A permission is for what the gateway knows to be allowed, and one of before a change would be ended by it.
    await line.told("consent", CONSENT_MS);
    return gateway.send();
  },
  prepare: (connection) => {
    const video = s.sending.value === "video" ? camera.video : undefined;
    for (const track of [video, camera.audio]) {
      if (!track) continue;
      const transceiver = connection.addTransceiver(track, { direction: "sendonly" });
      if (track.kind === "video") limitVideo(transceiver);
    }
  },
  state: (state) => {
    s.mediaState.value = state;
  },
  noPath: () => measure({ failed: true }),
});

const listener = new Session({
  grant: gateway.listen,
  prepare: (connection) => {
    connection.addTransceiver("audio", { direction: "recvonly" });
    connection.ontrack = ({ track, streams }) => {
      speaker.srcObject = streams[0] ?? new MediaStream([track]);
      // A browser that forbids it without a tap: the page asks for one again.
      void speaker.play().catch(() => hear(false));
    };
  },
  state: () => undefined,
});

/** H264 first: phones encode it in hardware, and recordings take it as it is. */
function limitVideo(transceiver: RTCRtpTransceiver): void {
  const { codecs = [] } = RTCRtpSender.getCapabilities("video") ?? {};
  const order = ["video/h264", "video/vp8", "video/rtx"];
  const rank = ({ mimeType }: { mimeType: string }) => order.indexOf(mimeType.toLowerCase());
  const usable = codecs.filter((codec) => rank(codec) >= 0).sort((a, b) => rank(a) - rank(b));
  if (usable.length > 0) transceiver.setCodecPreferences?.(usable);
  const parameters = transceiver.sender.getParameters();
  for (const encoding of parameters.encodings) encoding.maxBitrate = MOST_VIDEO_BPS;
  void transceiver.sender.setParameters(parameters).catch(() => undefined);
}

camera.onEnded = (what) => mediaEvents.blocked(what === "video" ? "video" : "voice");

/** False where the browser or the system refuses, or there is none. */
export async function startMedia(item: "video" | "voice"): Promise<boolean> {
  try {
    if (item === "video") await camera.startVideo(s.facing.value);
    else await camera.startAudio();
  } catch {
    // NotAllowedError, NotFoundError, NotReadableError: the page says the same of each.
    return false;
  }
  if (item === "video") showPreview();
  await reportAble();
  restartSender();
  return true;
}

export function stopMedia(item: "video" | "voice"): void {
  if (!(item === "video" ? camera.video : camera.audio)) return;
  if (item === "video") {
    camera.stopVideo();
    showPreview();
  } else camera.stopAudio();
  restartSender();
}

export function stopAllMedia(): void {
  sender.stop();
  listener.stop();
  stills.stop();
  camera.stopVideo();
  camera.stopAudio();
  s.preview.value = undefined;
}

function showPreview(): void {
  batch(() => {
    s.preview.value = camera.video && new MediaStream([camera.video]);
    s.torch.value = false;
    s.zoom.value = 1;
  });
}

export async function reportAble(): Promise<void> {
  s.able.value = {
    ...(await camera.able().catch(() => ({ torch: false, cameras: 1 }))),
    wakeLock: awake.available,
    fullScreen: document.fullscreenEnabled === true,
  };
  line.say({ kind: "able", ...s.able.value });
}

function restartSender(): void {
  if ((s.sending.value === "video" && camera.video) || camera.audio) sender.start();
  else sender.stop();
  if (s.sending.value === "stills") stills.start(() => document.querySelector("video.preview"));
  else stills.stop();
}

/** A relay that began anew gets nothing of an old session, which this side would notice only after many seconds. */
export function followRelay(): void {
  let before = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const now = s.received.value;
    clearTimeout(timer);
    if (before && !now)
      timer = setTimeout(() => {
        if (s.mediaState.value === "live") restartSender();
      }, UNHEARD_MS);
    before = now;
  });
  effect(() => {
    if (s.online.value && s.mediaState.peek() === "retrying") restartSender();
  });
}

export async function setTorch(on: boolean): Promise<boolean> {
  if (!s.able.value.torch) return false;
  const did = await camera.light(on);
  if (did) s.torch.value = on;
  return did;
}

export async function setZoom(factor: number): Promise<boolean> {
  const did = await camera.zoom(factor);
  if (did) s.zoom.value = factor;
  return did;
}

export async function turnCamera(facing: "front" | "back"): Promise<boolean> {
  const before = s.facing.value;
  if (facing === before) return true;
  if (s.able.value.cameras < 2) return false;
  try {
    await camera.startVideo(facing, true);
    s.facing.value = facing;
  } catch {
    // The other one is taken by somebody: back to the first.
    await camera.startVideo(before).catch(() => mediaEvents.blocked("video"));
  }
  showPreview();
  await reportAble();
  const sent = sender.connection?.getSenders().find((each) => each.track?.kind === "video");
  if (sent && camera.video) await sent.replaceTrack(camera.video).catch(restartSender);
  return s.facing.value === facing;
}

export function setStills(on: boolean): void {
  const before = s.sending.value;
  batch(() => {
    s.stillsWanted.value = on;
    s.thin.value = false;
  });
  thinState = thick;
  if (s.sending.value !== before) restartSender();
}

function measure(of: LinkMeasure): void {
  if (s.consent.value.video !== "granted" || s.stillsWanted.value) return;
  thinState = stepThin(thinState, of);
  if (thinState.thin === s.thin.value) return;
  s.thin.value = thinState.thin;
  restartSender();
}

/** Until the page goes away. */
export function watchLink(): void {
  setInterval(async () => {
    if (s.phase.value !== "open" || s.sending.value === "nothing") return;
    if (s.sending.value === "stills") measure({ stillBps: stills.bitsPerS });
    else {
      const stats = await sender.connection?.getStats();
      let allowedBps: number | undefined;
      let lossRatio: number | undefined;
      stats?.forEach((each) => {
        if (each.type === "candidate-pair" && each.nominated) allowedBps = each.availableOutgoingBitrate ?? allowedBps;
        if (each.type === "remote-inbound-rtp" && each.kind === "video") lossRatio = each.fractionLost;
      });
      if (stats) measure({ allowedBps, lossRatio });
    }
  }, MEASURE_MS);
}

export function hear(on: boolean): void {
  if (on) {
    // Within the tap: some browsers let only that play, and the voice comes later.
    speaker.srcObject ??= new MediaStream();
    void speaker.play().catch(() => undefined);
  }
  s.hearing.value = on;
}

/** The operator is heard only after the caller's own tap, and never in secret mode. */
effect(() => {
  if (s.talking.value && s.hearing.value && !s.secret.value) listener.start();
  else {
    listener.stop();
    speaker.srcObject = null;
  }
});
