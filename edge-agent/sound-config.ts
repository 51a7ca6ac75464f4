/** The part of a node's configuration about its sound source and what disciplines its clock. */
import * as v from "valibot";
import { Count, Finite, Name, NonNegative, PositiveS, UtcNs } from "#contract/units.ts";
import { Port } from "./neighbours-config.ts";

const microphoneEntries = {
  /** What a sound of 94 dB SPL reads in dB relative to full scale; turns dBFS into dB SPL. From the microphone's data sheet. */
  micSensitivityDbFsAt94Spl: v.optional(v.pipe(Finite, v.minValue(-120), v.maxValue(0))),
  /** Metres from the node's position, one per channel: three or four give a bearing, two or a line of them two, one of which is right. */
  places: v.optional(
    v.pipe(
      v.array(v.strictObject({ eastM: Finite, northM: Finite, upM: v.optional(Finite, 0) })),
      v.minLength(1),
      v.maxLength(4),
    ),
  ),
};

export const Microphone = v.variant(
  "kind",
  [
    v.strictObject({
      kind: v.literal("alsa"),
      /** As `arecord -L` lists them. */
      device: v.optional(v.string(), "default"),
      sampleRateHz: v.optional(
        v.picklist([16_000, 32_000, 44_100, 48_000, 96_000], "must be 16000, 32000, 44100, 48000 or 96000"),
        48_000,
      ),
      channels: v.optional(v.pipe(Count, v.minValue(1), v.maxValue(8)), 1),
      format: v.optional(v.picklist(["s16", "s32"], "must be s16 or s32"), "s16"),
      /** Channel, from 0, that carries the receiver's pulse per second, with `clock.source: pps`. */
      ppsChannel: v.optional(v.pipe(Count, v.maxValue(7))),
      /** Delay from the microphone to the program's first look at a sample, and one sigma of it. */
      latencyS: v.optional(NonNegative, 0),
      latencySigmaS: v.optional(NonNegative, 5e-4),
      ...microphoneEntries,
    }),
    v.strictObject({
      kind: v.literal("file"),
      path: v.string(),
      /** Plays at the speed of a microphone; false: as fast as it goes. */
      realTime: v.optional(v.boolean(), true),
      /** UTC of the first sample; now, by the node's clock, where it is not given. */
      startUtc: v.optional(UtcNs),
      clockSigmaS: v.optional(NonNegative, 1e-4),
      ...microphoneEntries,
    }),
    v.strictObject({
      kind: v.literal("pcm-stream"),
      host: v.optional(v.string(), "127.0.0.1"),
      port: Port,
      /** Name of the sound source's microphone; the node's where it is not given. */
      microphone: v.optional(Name),
      ...microphoneEntries,
    }),
  ],
  "must be alsa, file or pcm-stream",
);

export const Clock = v.strictObject({
  /** What disciplines the host's clock (or, for `pps`, the sample clock; for `sim`, the sound source). `system`: trusted as it is. */
  source: v.optional(v.picklist(["pps", "ptp", "ntp", "system", "sim"]), "ntp"),
  /** One sigma of the host's clock where nothing measures it (`system`), or the least that is believed of a measurement. */
  sigmaS: v.optional(PositiveS),
  /** With `source: pps`: our firmware on a serial port captures the pulse and counts the word clock of the sound card. See docs/dock.md. */
  bridge: v.optional(
    v.strictObject({
      path: v.pipe(v.string(), v.minLength(1)),
      baudRate: v.optional(v.pipe(Count, v.minValue(9600), v.maxValue(4_000_000)), 115_200),
      /** `with-capture`: the converter's word clock stands still until the sound card is listened to. */
      wordClock: v.optional(
        v.picklist(["continuous", "with-capture"], "must be continuous or with-capture"),
        "continuous",
      ),
    }),
  ),
});
