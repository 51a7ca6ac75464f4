/** The relay's process: told by the gateway over a pipe what to be, listens for the gateway's HTTP on loopback only. */
import { RelayHost } from "./host.ts";
import type { FromRelay, ToRelay } from "./pipe.ts";

const say = (message: FromRelay) => {
  if (process.connected) process.send?.(message);
};

const host = new RelayHost(say);

process.on("message", (message: ToRelay) => {
  host.take(message).catch((error: Error) => {
    say({ type: "fault", text: error.message });
    if (message.type === "start") process.exit(1);
  });
});
// Without its gateway nobody could say who may watch: sessions end, publishers come back to the next one.
process.on("disconnect", () => process.exit(0));
process.on("SIGTERM", () => process.exit(0));
process.on("SIGINT", () => {});
/** A peer that provokes faults must not fill the log: so many a minute are told, the others counted. */
const FAULTS_PER_MINUTE = 20;
let faults = 0;
setInterval(() => {
  if (faults > FAULTS_PER_MINUTE)
    say({ type: "log", level: "warn", facts: { faults }, text: "more faults than are told one by one" });
  faults = 0;
}, 60_000).unref();

// A packet that some peer made must not end everybody's pictures.
const fault = (error: unknown) => {
  if (++faults > FAULTS_PER_MINUTE) return;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  say({ type: "log", level: "error", facts: { error: message, stack }, text: "the relay failed at something" });
};
process.on("unhandledRejection", fault);
process.on("uncaughtException", fault);
