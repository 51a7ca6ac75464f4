/** The caller's phone; the code for it is fetched when this gateway has caller links. */
import { callersOf, parts } from "../../state/field.ts";
import { lazy } from "../lazy.tsx";
import type { Section, SectionProps } from "./section.ts";

export const callers: Section = {
  id: "callers",
  title: "Caller",
  shows: () => parts.value.has("callers"),
  idle: ({ incident }) => callersOf(incident.incident).length === 0,
  view: lazy<SectionProps>("caller panel", async () => (await import("../../callers/caller.tsx")).Callers),
};
