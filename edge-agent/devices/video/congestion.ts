/**
 * How much the link carries, from what the relay says of the packets that arrived: after "A Google Congestion Control Algorithm for Real-Time
 * Communication" (draft-ietf-rmcat-gcc-02): the trend of the one-way delay (section 5), loss (section 6), and from both a bitrate.
 *
 * Two things differ. A camera seldom fills the link, so nothing is learned about its upper end; the estimate rises by itself until the link
 * complains. And only differences of arrival within one feedback message are used, because receivers disagree on the time base between messages.
 *
 * No clock in here: every instant is given, monotonic milliseconds.
 */
export interface SentPacket {
  bytes: number;
  sentAtMs: number;
}

/** A packet that the feedback speaks of: how long after the one before it (of the same feedback) it arrived; undefined for the first. */
export interface Acknowledged {
  packet: SentPacket;
  afterMs: number | undefined;
}

export interface CongestionLimits {
  startBps: number;
  leastBps: number;
  mostBps: number;
}

/** Packets sent within so long belong to one picture and travel together (section 5.2). */
const GROUP_MS = 5;
const PAUSE_MS = 500;
const TREND_GROUPS = 20;
const SMOOTHING = 0.9;
const TREND_GAIN = 4;
/** Over-use must last so long, so that a receiver that was held up for a moment is not taken for a full link. */
const OVERUSE_MS = 100;
const GROWN_MS = 30;
const THRESHOLD_MS = 12.5;
const THRESHOLD_UP = 0.01;
const THRESHOLD_DOWN = 0.00018;
const BACK_OFF = 0.85;
const RISE_PER_S = 1.08;
/** After so long without a complaint the rise is faster: what is not sent cannot be measured, only tried. */
const CALM_MS = 8_000;
const CALM_RISE_PER_S = 1.3;
/** Between two reductions: what the camera does about the first must have had time to show; another encoder takes half a second to start. */
const LEAST_BETWEEN_MS = 1_000;
const RATE_WINDOW_MS = 1_000;
const LOSS_BAD = 0.1;
/** A round trip that is so much longer than the shortest means a full queue somewhere. */
const QUEUE_MS = 150;

export class CongestionControl {
  readonly #limits: CongestionLimits;
  #allowedBps: number;
  #capBps = Infinity;
  #group: { firstSentMs: number; lastSentMs: number; gainMs: number } | undefined;
  #accumulatedMs = 0;
  #smoothedMs = 0;
  #points: { x: number; y: number }[] = [];
  #groups = 0;
  #threshold = THRESHOLD_MS;
  #thresholdAtMs: number | undefined;
  #overuseSinceMs: number | undefined;
  #reducedAtMs = -Infinity;
  #updatedAtMs: number | undefined;
  #acknowledged: { atMs: number; bytes: number }[] = [];
  #shortestRttMs = Infinity;
  #longRtts = 0;
  readonly counters = { overuses: 0, lossReductions: 0, queueReductions: 0 };

  constructor(limits: CongestionLimits) {
    this.#limits = limits;
    this.#allowedBps = limits.startBps;
  }

  get allowedBps(): number {
    return Math.min(this.#allowedBps, this.#capBps);
  }

  /** A bound that the relay states (REMB). */
  cap(bitrateBps: number): void {
    this.#capBps = Math.max(this.#limits.leastBps, bitrateBps);
  }

  /** Bits per second that arrived over the last second; 0 while unknown. */
  arrivedBps(nowMs: number): number {
    this.#acknowledged = this.#acknowledged.filter(({ atMs }) => nowMs - atMs <= RATE_WINDOW_MS);
    const bytes = this.#acknowledged.reduce((sum, each) => sum + each.bytes, 0);
    return (bytes * 8000) / RATE_WINDOW_MS;
  }

  /** One feedback message, packets in the order in which they were sent. */
  feedback(packets: readonly Acknowledged[], nowMs: number): void {
    let bytes = 0;
    for (const { packet, afterMs } of packets) {
      bytes += packet.bytes;
      this.#arrival(packet.sentAtMs, afterMs, nowMs);
    }
    this.#acknowledged.push({ atMs: nowMs, bytes });
    this.#rise(nowMs);
  }

  /** @param ratio of the packets of the last second, those that did not arrive at first. */
  loss(ratio: number, nowMs: number): void {
    if (ratio <= LOSS_BAD || !this.#mayReduce(nowMs)) return;
    this.counters.lossReductions++;
    this.#reduce(Math.min(this.#allowedBps, this.arrivedBps(nowMs) || Infinity) * (1 - 0.5 * ratio), nowMs);
  }

  roundTrip(rttMs: number, nowMs: number): void {
    this.#shortestRttMs = Math.min(this.#shortestRttMs, rttMs);
    this.#longRtts = rttMs > this.#shortestRttMs + QUEUE_MS ? this.#longRtts + 1 : 0;
    if (this.#longRtts < 2 || !this.#mayReduce(nowMs)) return;
    this.counters.queueReductions++;
    this.#reduce(BACK_OFF * (this.arrivedBps(nowMs) || this.#allowedBps), nowMs);
  }

  #arrival(sentAtMs: number, afterMs: number | undefined, nowMs: number): void {
    // After a pause the queue is another.
    if (this.#group && sentAtMs - this.#group.lastSentMs > PAUSE_MS) this.#forget();
    const group = this.#group;
    if (group && sentAtMs - group.firstSentMs <= GROUP_MS) {
      group.lastSentMs = sentAtMs;
      group.gainMs += afterMs ?? 0;
      return;
    }
    // Delay gained from the last packet of the group before to the first of this one.
    const gainMs = group && afterMs !== undefined ? afterMs - (sentAtMs - group.lastSentMs) : undefined;
    if (group && gainMs !== undefined) this.#trend(gainMs + spread(group), sentAtMs, nowMs);
    this.#group = { firstSentMs: sentAtMs, lastSentMs: sentAtMs, gainMs: 0 };
  }

  /** Section 5.3 and 5.4, with the trend line of libwebrtc in place of the Kalman filter. */
  #trend(gainMs: number, sentAtMs: number, nowMs: number): void {
    this.#accumulatedMs += gainMs;
    this.#smoothedMs = SMOOTHING * this.#smoothedMs + (1 - SMOOTHING) * this.#accumulatedMs;
    this.#points.push({ x: sentAtMs, y: this.#smoothedMs });
    if (this.#points.length > TREND_GROUPS) this.#points.shift();
    this.#groups = Math.min(this.#groups + 1, 60);
    if (this.#points.length < TREND_GROUPS) return;
    const trend = slope(this.#points) * this.#groups * TREND_GAIN;
    // Receivers that share a busy processor look like a link that fills: only a queue that has really grown counts.
    const grownMs = this.#smoothedMs - this.#points.reduce((least, { y }) => Math.min(least, y), Infinity);
    if (trend > this.#threshold && grownMs > GROWN_MS) {
      this.#overuseSinceMs ??= nowMs;
      if (nowMs - this.#overuseSinceMs >= OVERUSE_MS && this.#mayReduce(nowMs)) {
        this.counters.overuses++;
        this.#reduce(BACK_OFF * (this.arrivedBps(nowMs) || this.#allowedBps), nowMs);
        // What comes next shows whether it was enough.
        this.#forget();
        return;
      }
    } else this.#overuseSinceMs = undefined;
    // The threshold follows the trend, so that a competing TCP stream does not starve the picture (section 5.4).
    const sinceMs = Math.min(100, nowMs - (this.#thresholdAtMs ?? nowMs));
    this.#thresholdAtMs = nowMs;
    const size = Math.abs(trend);
    if (size > this.#threshold + 15) return;
    const rate = size < this.#threshold ? THRESHOLD_DOWN : THRESHOLD_UP;
    this.#threshold = Math.min(600, Math.max(6, this.#threshold + rate * (size - this.#threshold) * sinceMs));
  }

  #forget(): void {
    this.#group = undefined;
    this.#points = [];
    this.#accumulatedMs = 0;
    this.#smoothedMs = 0;
    this.#overuseSinceMs = undefined;
  }

  #mayReduce(nowMs: number): boolean {
    return nowMs - this.#reducedAtMs >= LEAST_BETWEEN_MS;
  }

  #reduce(toBps: number, nowMs: number): void {
    this.#reducedAtMs = nowMs;
    this.#updatedAtMs = nowMs;
    this.#allowedBps = Math.max(this.#limits.leastBps, Math.min(this.#allowedBps, toBps));
  }

  #rise(nowMs: number): void {
    const sinceS = Math.min(1, (nowMs - (this.#updatedAtMs ?? nowMs)) / 1000);
    this.#updatedAtMs = nowMs;
    if (this.#overuseSinceMs !== undefined || nowMs - this.#reducedAtMs < 1_000) return;
    const perS = nowMs - this.#reducedAtMs < CALM_MS ? RISE_PER_S : CALM_RISE_PER_S;
    this.#allowedBps = Math.min(this.#limits.mostBps, this.#allowedBps * perS ** sinceS + 10_000 * sinceS);
  }
}

/** Delay gained within a group. */
function spread({ firstSentMs, lastSentMs, gainMs }: { firstSentMs: number; lastSentMs: number; gainMs: number }) {
  return gainMs - (lastSentMs - firstSentMs);
}

/** Least squares. */
function slope(points: readonly { x: number; y: number }[]): number {
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  let up = 0;
  let down = 0;
  for (const { x, y } of points) {
    up += (x - meanX) * (y - meanY);
    down += (x - meanX) ** 2;
  }
  return down === 0 ? 0 : up / down;
}
