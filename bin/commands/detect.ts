/** `tocsin detect`: finds impulses in sound files and says what they were. */
import { parseArgs } from "node:util";
import { Fault } from "#contract/errors.ts";
import { openOnnxClassifier } from "#edge-agent/devices/onnx-classifier.ts";
import { type Command, printJson, say } from "../command.ts";
import { type Detection, type HeardFile, hearFile } from "../detect/hear-file.ts";
import { pageOf } from "../detect/page.ts";
import { pictureOf } from "../detect/picture.ts";
import { save } from "../named-file.ts";
import { newestModel } from "../newest-model.ts";

export const command: Command = {
  summary: "find impulses in WAV or FLAC files and say what they were",
  help: `
usage: tocsin detect FILE... [--json] [--all] [--channel N] [--png FILE] [--html FILE] [--model FOLDER]

Hears each WAV or FLAC file, of any sample rate, as a lamppost would, and writes one line per gunshot: where its first wavefront
arrives (onsetS, seconds from the first sample, with its sigma), the calibrated probabilities, and how likely it is an echo.
Of several channels the one with the loudest impulse is heard. A converter's constant offset is taken off first.

  --json           one JSON object a line: {file, onsetS, onsetSigmaS, gunshot, probability, echoProbability, scores, company,
                   snrDb, peakDbFs, clipped, channel}; company: what the impulses of the two seconds before had to say in the
                   probability, and what the sound around this one alone gave; begins: true where the recording begins
                   with it and has no quiet of its own, so that snrDb is against one that was put before it; atEdge: true
                   where the sound itself begins or ends, as at zero padding: onsetSigmaS is then 7 ms or more
  --all            every impulse, not only what the model's threshold makes a gunshot
  --channel N      hear this channel, 0 for the first
  --png FILE       draw waveform, spectrogram, onsets and scores
  --html FILE      the same as a page
  --model FOLDER   another classifier than the newest in models/gunshot

A file without a gunshot gets one line on stderr that says what there was instead. A file that cannot be read gets one too, and
the others are heard; exit 65 only if none could be read. One that is cut short or damaged is heard as far as it goes, and said to be.`,
  async run(argv) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        all: { type: "boolean", default: false },
        png: { type: "string" },
        html: { type: "string" },
        model: { type: "string" },
        channel: { type: "string" },
      },
    });
    if (positionals.length === 0) throw new Fault("usage", "FILE: name at least one WAV or FLAC file");
    if (values.channel !== undefined && !/^\d{1,2}$/.test(values.channel))
      throw new Fault("usage", `--channel: '${values.channel}' is no number of a channel; give 0 for the first`);
    const channel = values.channel === undefined ? undefined : Number(values.channel);
    const classifier = await openOnnxClassifier(await newestModel(values.model));
    // Sound is kept only for what is to be drawn.
    const drawn: HeardFile[] = [];
    let read = 0;
    try {
      for (const file of positionals) {
        const heard = await hearOr(() => hearFile(file, classifier, channel));
        if (!heard) continue;
        read++;
        for (const remark of heard.remarks) say(`tocsin detect: ${file}: ${remark}`);
        if (!heard.detections.some(({ gunshot }) => gunshot))
          say(`tocsin detect: ${file}: ${noGunshot(heard, classifier.threshold, values.all)}`);
        for (const detection of heard.detections) {
          if (!values.all && !detection.gunshot) continue;
          if (values.json) printJson(detection);
          else process.stdout.write(`${inWords(detection)}\n`);
        }
        if (values.png !== undefined || values.html !== undefined) drawn.push(heard);
      }
      if (values.png !== undefined && read > 0) await save(values.png, pictureOf(drawn, classifier.threshold));
      const model = `${classifier.model.name} ${classifier.model.version}`;
      if (values.html !== undefined && read > 0) await save(values.html, pageOf(drawn, model, classifier.threshold));
    } finally {
      await classifier.close();
    }
    return read === 0 ? 65 : 0;
  },
};

/** Undefined, with a line on stderr, where the file is at fault. */
async function hearOr(hear: () => Promise<HeardFile>): Promise<HeardFile | undefined> {
  try {
    return await hear();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    for (const line of error.lines) say(`tocsin detect: ${line}`);
    return undefined;
  }
}

/** A file of which nothing else is said was heard all the same. */
function noGunshot({ detections, samples, sampleRateHz }: HeardFile, threshold: number, all: boolean): string {
  const [likeliest] = detections.toSorted((a, b) => b.probability - a.probability);
  const heardS = (samples.length / sampleRateHz).toFixed(1);
  if (!likeliest) return `no impulse in ${heardS} s`;
  const { probability, onsetS } = likeliest;
  const most = `the likeliest, at ${onsetS.toFixed(2)} s, has ${probability.toFixed(3)} of the ${threshold} that make one`;
  return `${detections.length} ${detections.length === 1 ? "impulse" : "impulses"} in ${heardS} s, no gunshot: ${most}${all ? "" : " (--all lists each)"}`;
}

function inWords(detection: Detection): string {
  const { file, onsetS, onsetSigmaS, gunshot, probability, echoProbability, scores, snrDb } = detection;
  const [likeliest] = Object.entries(scores).sort((a, b) => b[1] - a[1])[0]!;
  const what = gunshot ? "gunshot" : `no gunshot (${likeliest})`;
  const echo = echoProbability >= 0.5 ? ", probably an echo" : "";
  return `${file}  ${onsetS.toFixed(5)} s +- ${(onsetSigmaS * 1000).toFixed(2)} ms  ${what}, probability ${probability.toFixed(3)}, SNR ${snrDb.toFixed(0)} dB${echo}`;
}
