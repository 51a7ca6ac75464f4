/** What the gateway and the process that runs the flows say to each other over their private pipe. Nothing of it is a record: records go over MQTT. */

/** First message to the host. Secrets travel here and never on a command line or in the environment. */
export interface Start {
  type: "start";
  site: string;
  timeZone: string;
  mqtt: { host: string; port: number; user: string; secret: string };
  /** Node-RED's own folder; its flows, credentials and context live there. */
  folder: string;
  port: number;
  /** Who may edit flows. */
  editors: string[];
  webhookUrl?: string;
  /** Load the flows without running them, because of this. */
  stopped?: string;
}

export type ToHost =
  | Start
  | { type: "ping"; n: number }
  | { type: "login"; id: number; granted: boolean }
  | { type: "stop" };

export type FromHost =
  | { type: "ready"; port: number }
  | { type: "pong"; n: number }
  | { type: "running"; running: boolean }
  | { type: "login"; id: number; user: string; password: string }
  | { type: "log"; level: "debug" | "info" | "warn" | "error"; text: string }
  | { type: "fault"; text: string };
