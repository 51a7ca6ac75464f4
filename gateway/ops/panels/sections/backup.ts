/** Backup and robots; the code for them is fetched when this gateway has any. */
import { callsOf, faults, parts } from "../../state/field.ts";
import { lazy } from "../lazy.tsx";
import type { Section, SectionProps } from "./section.ts";

export const backup: Section = {
  id: "backup",
  title: "Backup and robots",
  shows: () => parts.value.has("backup") || faults.value.has("backup"),
  // What a robot reported stands here too.
  idle: ({ incident }) =>
    incident.kind !== "event" && callsOf(incident.incident).length === 0 && !faults.value.has("backup"),
  view: lazy<SectionProps>("backup", async () => (await import("../../field/backup.tsx")).Backup),
};
