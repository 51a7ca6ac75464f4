/** Commands with acknowledgement over any byte stream: one on the way at a time, said again until answered, given up after a second. */
import type { Duplex } from "node:stream";
import { createFrameReader, encodeFrame } from "./frame.ts";
import {
  type CommandName,
  type CommandResult,
  commandType,
  decodeMessage,
  encodeCommand,
  type FromDock,
} from "./messages.ts";

const repeatMs = 150;
const attempts = 6;
/** Commands that may wait for the one on the way; more are refused at once. */
const queueLimit = 16;

export interface BridgeLink {
  /** Resolves to the firmware's answer; `timeout` when it gave none, `closed` when the stream ended, `busy` when too many wait. */
  send(command: CommandName, argument?: number): Promise<CommandResult | "timeout" | "closed" | "busy">;
  onMessage(listener: (message: FromDock) => void): () => void;
  readonly counters: { refusedFrames: number; unknownMessages: number; repeats: number; timeouts: number };
  close(): void;
}

export function createLink(stream: Duplex): BridgeLink {
  const listeners = new Set<(message: FromDock) => void>();
  const counters = { refusedFrames: 0, unknownMessages: 0, repeats: 0, timeouts: 0 };
  // A number that a restarted host is unlikely to share with its last command before.
  let sequence = Math.floor(Math.random() * 256);
  let answered: ((message: FromDock & { kind: "ack" }) => void) | undefined;
  let giveUp: (() => void) | undefined;
  let waiting = 0;
  let closed = false;
  let turn: Promise<unknown> = Promise.resolve();

  const reader = createFrameReader((payload) => {
    const message = decodeMessage(payload);
    if (!message) {
      counters.unknownMessages++;
      return;
    }
    if (message.kind === "ack") answered?.(message);
    for (const listener of listeners) listener(message);
  });
  const onData = (bytes: Uint8Array) => {
    reader.push(bytes);
    counters.refusedFrames = reader.refused;
  };
  const onEnd = () => {
    closed = true;
    giveUp?.();
  };
  stream.on("data", onData);
  stream.on("close", onEnd);
  stream.on("error", onEnd);

  async function exchange(command: CommandName, argument?: number): Promise<CommandResult | "timeout" | "closed"> {
    if (closed) return "closed";
    sequence = (sequence + 1) & 0xff;
    const frame = encodeFrame(encodeCommand(command, sequence, argument));
    const wanted = sequence;
    return new Promise((resolve) => {
      let left = attempts;
      const finish = (result: CommandResult | "timeout" | "closed") => {
        clearInterval(timer);
        answered = undefined;
        giveUp = undefined;
        if (result === "timeout") counters.timeouts++;
        resolve(result);
      };
      const say = () => {
        if (left-- === 0) return finish("timeout");
        if (left < attempts - 1) counters.repeats++;
        stream.write(frame);
      };
      answered = (ack) => {
        if (ack.sequence === wanted && ack.command === commandType[command]) finish(ack.result);
      };
      giveUp = () => finish("closed");
      const timer = setInterval(say, repeatMs);
      say();
    });
  }

  return {
    async send(command, argument) {
      if (waiting >= queueLimit) return "busy";
      waiting++;
      const result = turn.then(() => exchange(command, argument)).finally(() => waiting--);
      turn = result;
      return result;
    },
    onMessage(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    counters,
    close() {
      onEnd();
      stream.off("data", onData);
      stream.off("close", onEnd);
      stream.destroy();
    },
  };
}
