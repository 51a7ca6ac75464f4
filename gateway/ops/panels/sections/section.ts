/** What a section of the incident panel is. A new one is one file and one line in `incident-sections.ts`. */
import type { ComponentChild } from "preact";
import type { IncidentState } from "#contract/incident.ts";
import type { IncidentDetail } from "#contract/ops-api.ts";
import type { Loaded } from "../../state/store.ts";

export interface SectionProps {
  incident: IncidentState;
  detail: Loaded<IncidentDetail>;
}

export interface Section {
  id: string;
  title: string;
  /** Key that brings the section into view and gives it focus. */
  key?: string;
  /** Whether it has something to say of this incident; always where absent. */
  shows?: (props: SectionProps) => boolean;
  /** It has nothing but an offer, a button: it stands beside others of its kind, without a heading, so that what is known comes sooner. */
  idle?: (props: SectionProps) => boolean;
  view: (props: SectionProps) => ComponentChild;
}
