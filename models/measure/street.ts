/**
 * A day on a lamppost with nothing fired: street noise without end, hour by hour of its own seed, level, traffic and wind, through the
 * ear and the classifier. Beside it the everyday events of the simulated world, so many an hour.
 */
import { Crowd } from "#core/acoustics/crowd.ts";
import { CLIP_AFTER_S, CLIP_BEFORE_S, createEar, type Ear } from "#core/acoustics/ear.ts";
import type { Classifier } from "#edge-agent/ports.ts";
import { digitise, lamppostMicrophone } from "#sim/acoustics/microphone.ts";
import { StreetNoise } from "#sim/acoustics/street-noise.ts";
import { Rng } from "#sim/rng.ts";
import { type ClipKind, renderTrainingClip } from "#sim/training-clip.ts";
import { classifyAll } from "./classify-all.ts";

const RATE = 16_000;
const BLOCK = 16_000;
/** What happens in a street all day, and how often an hour within hearing of one lamppost. */
const EVENTS: Partial<Record<ClipKind, number>> = {
  door: 20,
  hammer: 10,
  metal: 10,
  babble: 15,
  glass: 1,
  backfire: 0.25,
};

export interface StreetDay {
  hours: number;
  impulsesPerDay: number;
  falseAlertsPerDay: number;
  /** From 0.05 on an impulse is told to the network, which decides with the other nodes. */
  toldPerDay: number;
  highestProbability: number;
  timesRealTime: number;
}

/** Quiet at night, loud in the day: 42 to 64 dB SPL, up to 14 vehicles a minute, wind in every third hour. */
function hourOf(hour: number): { levelDbSpl: number; vehiclesPerMinute: number; windMps: number } {
  const day = 0.5 - 0.5 * Math.cos((2 * Math.PI * (hour - 3)) / 24);
  return {
    levelDbSpl: 42 + 22 * day,
    vehiclesPerMinute: 0.3 + 13.7 * day,
    windMps: hour % 3 === 2 ? 1 + (hour % 7) : 0,
  };
}

export async function measureStreetNoise(classifier: Classifier, hours: number, seed: string): Promise<StreetDay> {
  let impulses = 0;
  let alerts = 0;
  let told = 0;
  let highest = 0;
  let pending: Promise<void>[] = [];
  const began = process.cpuUsage();
  for (let hour = 0; hour < hours; hour++) {
    const rng = new Rng(`${seed}/${hour}`);
    const microphone = { ...lamppostMicrophone };
    const noise = new StreetNoise(rng, { rateHz: RATE, highPassHz: microphone.highPassHz, ...hourOf(hour) });
    const crowd = new Crowd(classifier.crowd);
    const ear: Ear = createEar({
      sampleRateHz: RATE,
      onCandidate: ({ onsetTick, peakDbFs }) => {
        impulses++;
        const clip = new Float32Array(Math.round((CLIP_BEFORE_S + CLIP_AFTER_S) * RATE));
        const from = Math.round(onsetTick) - Math.round(CLIP_BEFORE_S * RATE);
        ear.clip(from, clip);
        const judged = classifier.classify(clip, RATE, (onsetTick - from) / RATE).then((alone) => {
          const { gunshot } = crowd.judge(onsetTick / RATE, peakDbFs, alone).scores;
          if (gunshot >= classifier.threshold) alerts++;
          if (gunshot >= 0.05) told++;
          highest = Math.max(highest, gunshot);
        });
        pending.push(judged);
      },
    });
    const block = new Float32Array(BLOCK);
    for (let second = 0; second < Math.min(1, hours - hour) * 3600; second++) {
      block.fill(0);
      noise.addTo(block, 0, BLOCK);
      digitise(block, microphone, rng);
      ear.push(block);
      if (pending.length > 0) {
        await Promise.all(pending);
        pending = [];
      }
    }
    ear.flush();
    await Promise.all(pending);
  }
  const { user, system } = process.cpuUsage(began);
  const perDay = (count: number) => (count * 24) / hours;
  return {
    hours,
    impulsesPerDay: perDay(impulses),
    falseAlertsPerDay: perDay(alerts),
    toldPerDay: perDay(told),
    highestProbability: highest,
    timesRealTime: (hours * 3600) / ((user + system) / 1e6),
  };
}

/** The same for `hours` of everyday events as a lamppost hears them, 2 to 150 m away. */
export async function measureStreetEvents(classifier: Classifier, hours: number, seed: string) {
  let events = 0;
  let alerts = 0;
  const byKind: Record<string, string> = {};
  for (const [kind, perHour] of Object.entries(EVENTS)) {
    const count = Math.round(perHour * hours);
    let over = 0;
    for (let i = 0; i < count; i++) {
      const options = { kind: kind as ClipKind, clean: true, rateHz: RATE, lengthS: 2.5, onsetS: 1.3 };
      const { samples } = renderTrainingClip(new Rng(`${seed}/${kind}/${i}`), options);
      const heard = await classifyAll(samples, RATE, classifier, createEar);
      if (heard.some(({ scores }) => scores.gunshot >= classifier.threshold)) over++;
    }
    byKind[kind] = `${over} of ${count}`;
    events += count;
    alerts += over;
  }
  return { hours, eventsPerDay: (events * 24) / hours, falseAlertsPerDay: (alerts * 24) / hours, byKind };
}
