/** What became of one incident of the demo, in words. */
import type { Summary } from "./judge.ts";

export function summaryWords(summary: Summary): string {
  const number = (x: number | null, digits: number) => (x === null ? "-" : x.toFixed(digits));
  const { falseIncidents, recorded, flowAlertSeen, chainOk } = summary;
  // Of an incident that was none, nothing but that is to be told.
  const facts = recorded
    ? [
        `fix ${number(summary.fixErrorM, 1)} m from the truth`,
        `${summary.rounds} rounds`,
        `${falseIncidents} false incidents`,
        `alert ${number(summary.firingToAlertS, 2)} s after firing (${number(summary.alertLatencyS, 2)} s after the sound)`,
        `flow's alert ${flowAlertSeen ? "seen" : "not seen"}`,
        `record ${chainOk ? "unbroken" : "broken"}`,
      ]
    : ["no incident, so no fix, alert or record", `${falseIncidents} false incidents`];
  if (summary.video) facts.push(`first picture ${number(summary.video.firstFrameMs, 0)} ms after the press`);
  if (summary.robot) {
    const { fallToEventS, acknowledged } = summary.robot;
    const reported =
      fallToEventS === null ? "who fell was not reported" : `who fell was reported ${fallToEventS.toFixed(1)} s later`;
    facts.push(`robot: ${reported}, ${acknowledged ? "a crew said yes" : "no crew said yes"}`);
  }
  return `${summary.ok ? "as it should be" : `not as it should be: ${summary.faults.join("; ")}`}\n  ${facts.join(", ")}`;
}
