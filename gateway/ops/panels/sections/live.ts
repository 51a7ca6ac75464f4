/** Live pictures of the incident; the code for them is fetched when there are any. */
import { callersOf, faults, streams } from "../../state/field.ts";
import { lazy } from "../lazy.tsx";
import type { Section, SectionProps } from "./section.ts";

export const live: Section = {
  id: "live",
  title: "Live",
  key: "v",
  shows: ({ incident }) =>
    streams.value.size > 0 || faults.value.has("video") || callersOf(incident.incident).length > 0,
  view: lazy<SectionProps>("live pictures", async () => (await import("../../live/live.tsx")).Live),
};
