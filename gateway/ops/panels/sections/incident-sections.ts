/** The incident panel, top to bottom, below headline and verdict. */
import { evidence } from "./evidence.tsx";
import { flight } from "./flight.tsx";
import { places } from "./places.tsx";
import { rounds } from "./rounds.tsx";
import type { Section } from "./section.ts";
import { timeline } from "./timeline.tsx";

export const incidentSections: readonly Section[] = [flight, places, rounds, evidence, timeline];
