/** Every channel, by name: the broker's rights, the exported schemas and the outbox are made from this table. */
import { backupAnswer, backupCall, backupState, backupUnit } from "./backup.ts";
import type { Channel } from "./channel.ts";
import { controlState, controlToken } from "./control.ts";
import { faceLooked, faceOrder, facePossible, faceReceipt, faceState } from "./face.ts";
import { flightCommand, flightState } from "./flight.ts";
import { incidentAcknowledge, incidentNotice, incidentState, incidentVerdict } from "./incident.ts";
import { nodeState } from "./node.ts";
import { robotCommand, robotEvent, robotMeasure, robotPose, robotState, robotTrack } from "./robot.ts";
import { clipCut, clipWant, shotFixed, shotHeard } from "./shot.ts";
import { videoState, videoWant } from "./video.ts";

const all = [
  shotHeard,
  shotFixed,
  clipWant,
  clipCut,
  nodeState,
  incidentState,
  incidentNotice,
  incidentAcknowledge,
  incidentVerdict,
  flightState,
  flightCommand,
  controlToken,
  controlState,
  videoWant,
  videoState,
  robotPose,
  robotTrack,
  robotEvent,
  robotState,
  robotMeasure,
  robotCommand,
  backupUnit,
  backupCall,
  backupAnswer,
  backupState,
  facePossible,
  faceState,
  faceOrder,
  faceReceipt,
  faceLooked,
] as unknown as readonly Channel[];

export const channels: ReadonlyMap<string, Channel> = new Map(all.map((channel) => [channel.name, channel]));
