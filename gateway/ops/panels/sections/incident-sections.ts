/** The incident panel, top to bottom, below headline and verdict. */
import { backup } from "./backup.ts";
import { callers } from "./callers.ts";
import { evidence } from "./evidence.tsx";
import { flight } from "./flight.tsx";
import { live } from "./live.ts";
import { places } from "./places.tsx";
import { rounds } from "./rounds.tsx";
import type { Section } from "./section.ts";
import { timeline } from "./timeline.tsx";

export const incidentSections: readonly Section[] = [live, flight, callers, backup, places, rounds, evidence, timeline];
