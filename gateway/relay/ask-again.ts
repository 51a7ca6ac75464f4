/** Asks a publisher for what is missing of one of its tracks, in place of werift's own requests (`LossRequests` says why). */
import { GenericNack, type RTCDtlsTransport, type RTCRtpReceiver, RtcpTransportLayerFeedback } from "werift";
import { LossRequests } from "./loss-requests.ts";

export class AskAgain {
  readonly requests = new LossRequests();
  readonly #receiver: RTCRtpReceiver;
  readonly #mediaSsrc: number;
  readonly #dtls: RTCDtlsTransport;
  readonly #lostForGood: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param lostForGood something will never come: no picture that builds on it can be decoded. */
  constructor(receiver: RTCRtpReceiver, mediaSsrc: number, dtls: RTCDtlsTransport, lostForGood: () => void) {
    this.#receiver = receiver;
    this.#mediaSsrc = mediaSsrc;
    this.#dtls = dtls;
    this.#lostForGood = lostForGood;
    const { nack, nackEnabled } = receiver as unknown as { nack: object; nackEnabled: unknown };
    Object.assign(nack, { addPacket: () => undefined });
    // Who did not offer to send again would not know what is meant.
    if (!nackEnabled) return;
    for (const track of receiver.tracks)
      track.onReceiveRtp.subscribe(({ header }) => {
        if (this.requests.arrived(header.sequenceNumber, performance.now())) this.#ask();
      });
  }

  #ask(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const nowMs = performance.now();
    const { ask, givenUp } = this.requests.due(nowMs);
    if (ask.length > 0) {
      const { rtcpSsrc } = this.#receiver;
      const feedback = new GenericNack({ senderSsrc: rtcpSsrc, mediaSourceSsrc: this.#mediaSsrc, lost: ask });
      this.#dtls.sendRtcp([new RtcpTransportLayerFeedback({ feedback })]).catch(() => {});
    }
    if (givenUp > 0) this.#lostForGood();
    const nextMs = this.requests.nextMs(nowMs);
    // Ends by itself: what does not come is given up after a second.
    if (nextMs !== undefined) this.#timer = setTimeout(() => this.#ask(), nextMs);
  }
}
