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
// A packet that some peer made must not end everybody's pictures.
process.on("unhandledRejection", (reason) => {
  say({ type: "log", level: "error", facts: { error: String(reason) }, text: "a promise of the relay failed" });
});
process.on("uncaughtException", (error) => {
  say({
    type: "log",
    level: "error",
    facts: { error: error.message, stack: error.stack },
    text: "the relay failed at something",
  });
});
