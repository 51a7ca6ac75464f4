/** The ear and the classifier of a lamppost on one sensor's recording. */
import { Crowd } from "#core/acoustics/crowd.ts";
import { type Candidate, CLIP_AFTER_S, CLIP_BEFORE_S, createEar } from "#core/acoustics/ear.ts";
import { readAudioFile } from "#edge-agent/devices/audio-file.ts";
import type { Classifier } from "#edge-agent/ports.ts";
import type { SensorAudio } from "./live-fire.ts";
import type { RecordedArrival } from "./replay-test.ts";
import type { SensorPlace } from "./sensor-places.ts";

/** The sensors' full scale, dB SPL: only differences of level matter to a fix. */
const FULL_SCALE_DB_SPL = 94;
/** Below this an impulse is left out, as a node's `listen` role does. */
const LEAST_PROBABILITY = 0.05;

export async function arrivalsOfAudio(
  sensor: SensorAudio,
  place: SensorPlace,
  classifier: Classifier,
): Promise<RecordedArrival[]> {
  const { channels, sampleRateHz } = await readAudioFile(sensor.wav);
  const samples = channels[0]!;
  const startNs = BigInt(Date.parse(sensor.timestamp)) * 1_000_000n;
  const heard: { candidate: Candidate; clip: Float32Array; onsetS: number }[] = [];
  const ear = createEar({
    sampleRateHz,
    onCandidate(candidate) {
      const clip = new Float32Array(Math.round((CLIP_BEFORE_S + CLIP_AFTER_S) * sampleRateHz));
      const from = Math.round(candidate.onsetTick) - Math.round(CLIP_BEFORE_S * sampleRateHz);
      ear.clip(from, clip);
      heard.push({ candidate: { ...candidate }, clip, onsetS: (candidate.onsetTick - from) / sampleRateHz });
    },
  });
  const BLOCK = 1024;
  for (let at = 0; at < samples.length; at += BLOCK) ear.push(samples.subarray(at, at + BLOCK));
  ear.flush();
  const arrivals: RecordedArrival[] = [];
  const crowd = new Crowd(classifier.crowd);
  for (const [k, { candidate, clip, onsetS }] of heard.entries()) {
    const alone = await classifier.classify(clip, sampleRateHz, onsetS);
    const { gunshot } = crowd.judge(candidate.onsetTick / sampleRateHz, candidate.peakDbFs, alone).scores;
    if (gunshot < LEAST_PROBABILITY) continue;
    arrivals.push({
      id: `${sensor.serial}-${k}`,
      sensor: sensor.serial,
      at: place.at,
      posSigmaM: place.sigmaM,
      toaNs: startNs + BigInt(Math.round((candidate.onsetTick / sampleRateHz) * 1e9)),
      toaSigmaS: candidate.onsetSigmaS,
      snrDb: candidate.snrDb,
      peakDbSpl: FULL_SCALE_DB_SPL + candidate.peakDbFs,
      probability: gunshot,
      echoProbability: candidate.echoProbability,
    });
  }
  return arrivals;
}
