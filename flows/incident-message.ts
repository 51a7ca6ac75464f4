/** An incident as it travels through a flow. */
import * as v from "valibot";
import { faultsOf } from "#contract/channel.ts";
import { type IncidentState, incidentState } from "#contract/incident.ts";
import type { Message } from "./red.ts";

/** What `tocsin-route` adds, and what nodes after an HTTP request still find. */
export interface IncidentMessage extends Message {
  state?: IncidentState;
  incident?: string;
  incidentVersion?: number;
  route?: string;
  to?: string;
  text?: string;
  url?: string | undefined;
}

/** The incident of a message, or what is wrong with it in words for a technician. */
export function incidentOf(message: Message): IncidentState | string {
  const result = v.safeParse(incidentState.schema, message.payload);
  if (result.success) return result.output;
  return `msg.payload is no incident (${faultsOf(result.issues)[0]}); connect a 'tocsin incident' node before this one`;
}
