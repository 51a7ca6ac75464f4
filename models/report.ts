/** The measured figures as rows of the table in docs/bench/hear.md: what was asked, what was measured, with what missed in bold. */

export interface ReportRow {
  figure: string;
  asked: string;
  measured: string;
  isMissed?: boolean;
}

const HEADER = "| figure | asked | measured | command |\n|---|---|---|---|";
const COMMAND = "evaluate";
const percent = (x: number) => `${(100 * x).toFixed(1)} %`;

/** What `evaluate.ts` measured, as far as this table tells of it. */
export interface Metrics {
  date: string;
  threshold: number;
  thresholdOfFolds: number[];
  liveFire: {
    recall: number;
    detectedByEar: number;
    onset: { biasMs: number; within2Ms: number };
    otherArrivalsPerRecording: number;
    otherArrivalsPerRecordingNotMarkedEcho: number;
  };
  negatives: { clips: number; rate: number; interval95: [number, number]; byLabel: Record<string, string> };
  timing: Record<"lineOfSight" | "all", { rmsMsFrom15Db: number; normalisedRms6To40Db: number }>;
  renderedOverThreshold: Record<string, number>;
  indoor: { recall: number };
  nearBlasts: { shots: number; recall: number; recallFrom30Db: number };
  street: { hours: number; falseAlertsPerDay: number; toldPerDay: number; highestProbability: number };
  events: { hours: number; eventsPerDay: number; falseAlertsPerDay: number; byKind: Record<string, string> };
  other?: { recordings: number; recall: number } | undefined;
  others?: { recordings: number; rate: number } | undefined;
}

export function reportRows(version: string, metrics: Metrics, calibrationError: number): ReportRow[] {
  const { liveFire, negatives, timing, indoor, nearBlasts, street, events, other, others } = metrics;
  const list = (found: Record<string, string>) =>
    Object.entries(found)
      .map(([name, share]) => `${name} ${share}`)
      .join(", ");
  const kinds = Object.entries(metrics.renderedOverThreshold).map(([kind, part]) => `${kind} ${percent(part)}`);
  const ratio = [timing.lineOfSight, timing.all].map(({ normalisedRms6To40Db }) => normalisedRms6To40Db);
  const errorsMs = [timing.lineOfSight, timing.all].map(({ rmsMsFrom15Db }) => rmsMsFrom15Db);
  const atLeast = (asked: number, x: number) => ({ asked: `>= ${100 * asked} %`, isMissed: x < asked });
  return [
    {
      figure: "Model; threshold; those of the folds, each chosen on the others; measured on",
      asked: "",
      measured: `gunshot ${version}; ${metrics.threshold}; ${metrics.thresholdOfFolds.join(", ")}; ${metrics.date}`,
    },
    {
      figure: "Live fire, position left out: the vendor's grouped pulses of 6 dB and more told (found by the ear)",
      ...atLeast(0.98, liveFire.recall),
      measured: `${percent(liveFire.recall)} (${percent(liveFire.detectedByEar)})`,
    },
    {
      figure: "Live fire: onsets within 2 ms at 15 dB and more, less a constant bias",
      ...atLeast(0.95, liveFire.onset.within2Ms),
      measured: `${percent(liveFire.onset.within2Ms)}, bias ${liveFire.onset.biasMs.toFixed(2)} ms`,
    },
    {
      figure: "Live fire: other arrivals told as gunshots per recording (not marked as probable echoes)",
      asked: "<= 1.5",
      measured: `${liveFire.otherArrivalsPerRecording.toFixed(2)} (${liveFire.otherArrivalsPerRecordingNotMarkedEcho.toFixed(2)})`,
      isMissed: liveFire.otherArrivalsPerRecording > 1.5,
    },
    {
      figure: "Recorded sounds that are no shots, grouped folds: told as a shot (95 % interval)",
      asked: "<= 1 %",
      measured: `${percent(negatives.rate)} of ${negatives.clips} (${negatives.interval95.map(percent).join(" to ")}): ${list(negatives.byLabel)}`,
      isMissed: negatives.rate > 0.01,
    },
    {
      figure: "Calibration error of the gunshot probability, same folds",
      asked: "<= 0.05",
      measured: calibrationError.toFixed(3),
      isMissed: calibrationError > 0.05,
    },
    {
      figure: "Near shots in rooms unlike the training's: told",
      ...atLeast(0.9, indoor.recall),
      measured: percent(indoor.recall),
    },
    {
      figure: "Near blasts by code of its own, 15 to 50 dB: told (those from 30 dB on)",
      ...atLeast(0.9, nearBlasts.recall),
      measured: `${percent(nearBlasts.recall)} of ${nearBlasts.shots} (${percent(nearBlasts.recallFrom30Db)})`,
    },
    ...(other
      ? [
          {
            figure: "Recordings of shots from elsewhere: told",
            ...atLeast(0.9, other.recall),
            measured: `${percent(other.recall)} of ${other.recordings}`,
          },
        ]
      : []),
    ...(others
      ? [
          {
            figure: "Recordings of other sounds from elsewhere: told as a shot",
            asked: "reported",
            measured: `${percent(others.rate)} of ${others.recordings}`,
          },
        ]
      : []),
    {
      figure: "Rendered shots of 15 dB and more: timing error, RMS, in line of sight; all",
      asked: "<= 0.2 ms",
      measured: `${errorsMs.map((ms) => ms.toFixed(3)).join("; ")} ms`,
      isMissed: errorsMs.some((ms) => ms > 0.2),
    },
    {
      figure: "Rendered shots of 6 to 40 dB: error over stated sigma, RMS, in line of sight; all",
      asked: "0.85 to 1.15",
      measured: ratio.map((x) => x.toFixed(2)).join("; "),
      isMissed: ratio.some((x) => x < 0.85 || x > 1.15),
    },
    {
      figure: "A node's false alerts a day in street noise without an event",
      asked: "reported",
      measured: `${street.falseAlertsPerDay.toFixed(1)} (${street.hours.toFixed(1)} h heard; highest probability ${street.highestProbability.toFixed(2)}; ${street.toldPerDay.toFixed(0)} impulses a day of 0.05 and more go to the network)`,
    },
    {
      figure: "A node's false alerts a day among everyday events",
      asked: "reported",
      measured: `${events.falseAlertsPerDay.toFixed(1)} at ${events.eventsPerDay.toFixed(0)} events a day (${events.hours.toFixed(1)} h heard): ${list(events.byKind)}`,
    },
    { figure: "Rendered clips told as a shot", asked: "reported", measured: kinds.join(", ") },
  ];
}

/** The document with these rows in its first table of these columns, each in the place of the row of the same figure; those it has not are put at the table's end. */
export function withRows(document: string, rows: readonly ReportRow[]): string {
  const whole = document.includes(HEADER) ? document : `${document}\n${HEADER}\n`;
  const lines = whole.split("\n");
  // Other tables of four columns may stand before it.
  const start = whole.slice(0, whole.indexOf(HEADER)).split("\n").length + 1;
  for (const { figure, asked, measured, isMissed } of rows) {
    const line = `| ${figure} | ${asked} | ${isMissed ? `**${measured}**` : measured} | ${COMMAND} |`;
    let end = start;
    while (lines[end]?.startsWith("|")) end++;
    const at = lines.findIndex((each, i) => i >= start && i < end && each.startsWith(`| ${figure} |`));
    if (at >= 0) lines[at] = line;
    else lines.splice(end, 0, line);
  }
  return lines.join("\n");
}
