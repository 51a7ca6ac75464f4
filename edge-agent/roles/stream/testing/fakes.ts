/** A camera and an uplink that do as a test tells them. */
import type {
  Camera,
  CameraHealth,
  CameraMount,
  EncodedPicture,
  MountHealth,
  MountPose,
  Uplink,
  UplinkCounters,
  UplinkRefusal,
  UplinkTarget,
} from "../../../video-port.ts";

export class FakeCamera implements Camera {
  readonly name = "front";
  readonly label = "towards the market";
  readonly counters = {
    restarts: 0,
    pictures: 0,
    keyframes: 0,
    sourceSwitches: 0,
    rateChanges: 0,
    audioRefused: 0,
    foreignPackets: 0,
  };
  health: CameraHealth = { phase: "up", codec: "H264", framesPerS: 30, bitrateBps: 1e6, source: "main" };
  readonly allowed: (number | undefined)[] = [];
  readonly lookers = new Set<(picture: EncodedPicture) => void>();
  readonly listeners = new Set<(health: CameraHealth) => void>();
  look(onPicture: (picture: EncodedPicture) => void) {
    this.lookers.add(onPicture);
    return () => this.lookers.delete(onPicture);
  }
  onHealth(listener: (health: CameraHealth) => void) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  allow(bitrateBps: number | undefined) {
    this.allowed.push(bitrateBps);
  }
  async close() {}
  say(health: Partial<CameraHealth>) {
    this.health = { ...this.health, ...health };
    for (const listener of this.listeners) listener(this.health);
  }
  picture(key: boolean, timestamp: number) {
    const picture: EncodedPicture = {
      codec: "H264",
      payloads: [Buffer.from([key ? 0x65 : 0x41])],
      timestamp,
      key,
      arrivedAtMs: performance.now(),
      source: "main",
      epoch: 1,
    };
    for (const looker of this.lookers) looker(picture);
  }
}

export class FakeMount implements CameraMount {
  readonly counters = { openings: 1, failures: 0 };
  readonly poses: MountPose[] = [];
  health: MountHealth = { phase: "up" };
  readonly #listeners = new Set<() => void>();
  hold(pose: MountPose) {
    this.poses.push(pose);
  }
  onHealth(listener: () => void) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  async close() {}
  say(health: MountHealth) {
    this.health = health;
    for (const listener of this.#listeners) listener();
  }
}

const counters = {
  packets: 0,
  pictures: 0,
  picturesDropped: 0,
  keyframeRequests: 0,
  replays: 0,
  nacks: 0,
  retransmitted: 0,
  notHeldAnyMore: 0,
  notSentAgain: 0,
  feedbacks: 0,
  rateReductions: 0,
} satisfies UplinkCounters;

export class FakeUplink implements Uplink {
  readonly stats = { sentBps: 1e6, allowedBps: 2e6, lossRatio: 0, roundTripMs: 12 };
  readonly counters = { ...counters };
  readonly sent: number[] = [];
  readonly replayed: number[][] = [];
  readonly tokens: string[] = [];
  renewal: { ok: true } | UplinkRefusal = { ok: true };
  closedWhy: string | undefined;
  /** What its end waits for. */
  closing: Promise<void> = Promise.resolve();
  #keyframe: () => void = () => undefined;
  #allowed: (bitrateBps: number) => void = () => undefined;
  readonly #end = Promise.withResolvers<string>();
  readonly ended = this.#end.promise;
  readonly target: UplinkTarget;
  constructor(target: UplinkTarget) {
    this.target = target;
  }
  send(picture: EncodedPicture) {
    this.counters.pictures++;
    this.sent.push(picture.timestamp);
  }
  replay(group: readonly EncodedPicture[]) {
    this.replayed.push(group.map(({ timestamp }) => timestamp));
  }
  onKeyframeWanted(listener: () => void) {
    this.#keyframe = listener;
    return () => undefined;
  }
  onAllowed(listener: (bitrateBps: number) => void) {
    this.#allowed = listener;
    return () => undefined;
  }
  async renew(token: string) {
    this.tokens.push(token);
    return this.renewal;
  }
  async close(why: string) {
    this.closedWhy ??= why;
    this.#end.resolve(why);
    await this.closing;
  }
  askKeyframe() {
    this.#keyframe();
  }
  allow(bitrateBps: number) {
    this.#allowed(bitrateBps);
  }
  die(why: string) {
    this.#end.resolve(why);
  }
}
