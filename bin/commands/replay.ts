/** `tocsin replay`: places the shots of a recorded live-fire test. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Fault } from "#contract/errors.ts";
import type { RoundsBetween } from "#contract/incident.ts";
import { roundsBetween } from "#core/localise/round-count.ts";
import { openOnnxClassifier } from "#edge-agent/devices/onnx-classifier.ts";
import type { Classifier } from "#edge-agent/ports.ts";
import { type Command, printJson, say } from "../command.ts";
import { readSurvey, testsIn } from "../live-fire.ts";
import { newestModel } from "../newest-model.ts";
import { type ReplayedShot, replayTest } from "../replay-test.ts";
import { sensorPlaces } from "../sensor-places.ts";

export const command: Command = {
  summary: "place the shots of a recorded live-fire test",
  help: `
usage: tocsin replay DIR [--json] [--from audio|pulses] [--model FOLDER]

DIR is a test in ShotSpotter's layout (test_NNN.allpulses.json, .audio.SERIAL.wav and .json, .weather.json, .survey.json)
or a folder of such tests. One line per shot: the fields of 'tocsin locate' and test, eastM and northM in the recording's frame,
errorM to the survey, rounds (of the shot's incident, told) and roundsBetween (between how many were fired). The survey is read after solving; the vendor's grouping never.
A sensor stands where the folder's files place it best: a header's GPS fix is good to 3 m, the averaged place that comes with its
pulses to centimetres, and the tests of one firing position are of the same sensors.

  --from audio     the sensors' audio through ear and classifier (default where there is audio)
  --from pulses    the sensors' raw pulses
  --model FOLDER   classifier for --from audio (default: the newest in models/gunshot)`,
  async run(argv) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { json: { type: "boolean", default: false }, from: { type: "string" }, model: { type: "string" } },
    });
    const folder = positionals[0];
    if (folder === undefined || positionals.length > 1) throw new Fault("usage", "DIR: name one folder");
    const { from } = values;
    if (from !== undefined && from !== "audio" && from !== "pulses")
      throw new Fault("usage", `--from: must be audio or pulses, not '${from}'`);
    let open: Promise<Classifier> | undefined;
    const classifier = () => (open ??= newestModel(values.model).then(openOnnxClassifier));
    let worked = 0;
    const tests = await testsIn(folder);
    const places = await sensorPlaces(tests);
    for (const test of tests) {
      const source = from ?? (test.audio.length > 0 ? "audio" : "pulses");
      try {
        if (source === "audio" && test.audio.length === 0) throw new Fault("input", "has no audio; use --from pulses");
        if (source === "pulses" && !test.pulsesFile) throw new Fault("input", "has no pulses; use --from audio");
        const { shots, unsolved, arrivals, sensors } = await replayTest(test, source, places, classifier);
        const survey = await readSurvey(test);
        const label = test.folder.split("/").slice(-2, -1)[0] ?? "";
        say(
          `${join(label, test.name)}: ${shots.length} shots of ${arrivals} ${source === "audio" ? "impulses" : "pulses"} at ${sensors} sensors`,
        );
        for (const { time, nodes, why } of unsolved)
          say(`${test.name}: unsolved at ${time} (${nodes.join(", ")}): ${why}`);
        const ofIncident = Map.groupBy(shots, ({ incident }) => incident);
        const between = new Map([...ofIncident].map(([incident, rounds]) => [incident, roundsBetween(rounds)]));
        for (const shot of shots) {
          const place = survey?.survey_location;
          const errorM = place === undefined ? undefined : Math.hypot(shot.eastM - place.x, shot.northM - place.y);
          const line = {
            ...shot,
            test: test.name,
            from: source,
            rounds: ofIncident.get(shot.incident)!.length,
            roundsBetween: between.get(shot.incident)!,
            ...(errorM === undefined ? {} : { errorM }),
          };
          if (values.json) printJson(line);
          else process.stdout.write(`${inWords(line)}\n`);
        }
        worked++;
      } catch (error) {
        if (!(error instanceof Fault) || tests.length === 1) throw error;
        for (const line of error.lines) say(`${test.name}: ${line}; skipped`);
      }
    }
    await (await open)?.close();
    if (worked === 0) throw new Fault("input", `${folder}: none of its ${tests.length} tests could be replayed`);
    return 0;
  },
};

type Line = ReplayedShot & { test: string; rounds: number; roundsBetween: RoundsBetween; errorM?: number };

function inWords(shot: Line): string {
  const { low, high } = shot.roundsBetween;
  const { semiMajorM, semiMinorM, azimuthDeg } = shot.ellipse95;
  return [
    `${shot.test}  ${shot.time}  east ${shot.eastM.toFixed(1)} north ${shot.northM.toFixed(1)} m`,
    `95 % within ${semiMajorM.toFixed(1)} x ${semiMinorM.toFixed(1)} m at ${azimuthDeg.toFixed(0)} deg`,
    `${shot.nodesUsed.length} sensors`,
    ...(shot.errorM === undefined ? [] : [`${shot.errorM.toFixed(1)} m from the survey`]),
    `round of ${shot.rounds}${low === high && low === shot.rounds ? "" : low === high ? ` (${low})` : ` (${low} to ${high})`}`,
    ...(shot.unverified ? ["unverified"] : []),
  ].join("  ");
}
