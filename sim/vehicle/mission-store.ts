/** The vehicle's side of the mission protocol for missions, fences and rally points. https://mavlink.io/en/services/mission.html */
import { common, type MavLinkData } from "node-mavlink";
import type { Received } from "./wire.ts";

export interface Item {
  frame: number;
  command: number;
  autocontinue: number;
  params: readonly [number, number, number, number];
  /** Degrees. */
  lat: number;
  lon: number;
  z: number;
}

export const missionTypes = { mission: 0, fence: 1, rally: 2 } as const;
const accepted = common.MavMissionResult.ACCEPTED;
const maxItems = 500;

interface Upload {
  type: number;
  count: number;
  items: Item[];
  from: { systemId: number; componentId: number };
  askedAtS: number;
  tries: number;
}

export class MissionStore {
  readonly #lists = new Map<number, Item[]>([
    [0, []],
    [1, []],
    [2, []],
  ]);
  readonly #send: (message: MavLinkData) => void;
  /** A finished upload or a clearing, with the type. */
  readonly #changed: (type: number) => void;
  #upload: Upload | undefined;
  #nowS = 0;

  constructor(send: (message: MavLinkData) => void, changed: (type: number) => void) {
    this.#send = send;
    this.#changed = changed;
  }

  list(type: number): readonly Item[] {
    return this.#lists.get(type) ?? [];
  }

  /** True when the message was one of the mission protocol. */
  take({ message, systemId, componentId }: Received): boolean {
    const from = { systemId, componentId };
    if (message instanceof common.MissionCount) this.#begin(message, from);
    else if (message instanceof common.MissionItemInt) this.#item(message, from);
    else if (message instanceof common.MissionRequestList) this.#count(message.missionType, from);
    else if (message instanceof common.MissionRequestInt) this.#give(message, from);
    else if (message instanceof common.MissionClearAll) this.#clear(message.missionType, from);
    else if (message instanceof common.MissionAck) this.#upload = undefined;
    else return false;
    return true;
  }

  /** Asks again for an item that did not come, five times, 0.3 s apart. */
  tick(nowS: number): void {
    this.#nowS = nowS;
    const upload = this.#upload;
    if (upload === undefined || nowS - upload.askedAtS < 0.3) return;
    if (++upload.tries > 5) this.#upload = undefined;
    else this.#ask(upload);
  }

  #begin(message: common.MissionCount, from: Upload["from"]) {
    if (message.count > maxItems) return this.#ack(message.missionType, common.MavMissionResult.NO_SPACE, from);
    const upload: Upload = { type: message.missionType, count: message.count, items: [], from, askedAtS: 0, tries: 0 };
    if (message.count === 0) {
      this.#lists.set(upload.type, []);
      this.#ack(upload.type, accepted, from);
      return this.#changed(upload.type);
    }
    this.#upload = upload;
    this.#ask(upload);
  }

  #ask(upload: Upload): void {
    upload.askedAtS = this.#nowS;
    const request = new common.MissionRequestInt();
    request.targetSystem = upload.from.systemId;
    request.targetComponent = upload.from.componentId;
    request.seq = upload.items.length;
    request.missionType = upload.type;
    this.#send(request);
  }

  #item(message: common.MissionItemInt, from: Upload["from"]) {
    const upload = this.#upload;
    // The acknowledgement got lost: the last item comes again.
    if (upload === undefined && message.seq === this.list(message.missionType).length - 1)
      return this.#ack(message.missionType, accepted, from);
    if (upload === undefined) return this.#ack(message.missionType, common.MavMissionResult.OPERATION_CANCELLED, from);
    if (message.missionType !== upload.type || message.seq !== upload.items.length) return;
    upload.items.push({
      frame: message.frame,
      command: message.command,
      autocontinue: message.autocontinue,
      params: [message.param1, message.param2, message.param3, message.param4],
      lat: message.x / 1e7,
      lon: message.y / 1e7,
      z: message.z,
    });
    upload.tries = 0;
    if (upload.items.length < upload.count) return this.#ask(upload);
    this.#upload = undefined;
    this.#lists.set(upload.type, upload.items);
    this.#ack(upload.type, accepted, from);
    this.#changed(upload.type);
  }

  #count(type: number, to: Upload["from"]): void {
    const count = new common.MissionCount();
    count.targetSystem = to.systemId;
    count.targetComponent = to.componentId;
    count.count = this.list(type).length;
    count.missionType = type;
    this.#send(count);
  }

  #give(request: common.MissionRequestInt, to: Upload["from"]) {
    const item = this.list(request.missionType)[request.seq];
    if (item === undefined) return this.#ack(request.missionType, common.MavMissionResult.INVALID_SEQUENCE, to);
    const message = new common.MissionItemInt();
    message.targetSystem = to.systemId;
    message.targetComponent = to.componentId;
    message.seq = request.seq;
    message.frame = item.frame;
    message.command = item.command;
    message.current = 0;
    message.autocontinue = item.autocontinue;
    [message.param1, message.param2, message.param3, message.param4] = item.params;
    message.x = Math.round(item.lat * 1e7);
    message.y = Math.round(item.lon * 1e7);
    message.z = item.z;
    message.missionType = request.missionType;
    this.#send(message);
  }

  #clear(type: number, from: Upload["from"]): void {
    const types = type === common.MavMissionType.ALL ? [0, 1, 2] : [type];
    for (const each of types) this.#lists.set(each, []);
    this.#ack(type, accepted, from);
    for (const each of types) this.#changed(each);
  }

  #ack(type: number, result: number, to: Upload["from"]): void {
    const ack = new common.MissionAck();
    ack.targetSystem = to.systemId;
    ack.targetComponent = to.componentId;
    ack.type = result;
    ack.missionType = type;
    this.#send(ack);
  }
}
