/** What a district keeps for so many days only is deleted. Deleting takes room, too: on a full disk it is said, and tried the next time. */
import type { Logger } from "pino";
import type { GatewayConfig } from "./config.ts";
import type { Sessions } from "./http/sessions.ts";
import type { Alerts } from "./incidents/alerts.ts";
import type { Clips } from "./incidents/clips.ts";
import type { HeardLog } from "./incidents/heard.ts";

const DAY_MS = 86_400_000;

interface Kept {
  clips: Pick<Clips, "expire">;
  heard: Pick<HeardLog, "expire">;
  alerts: Pick<Alerts, "expire">;
  sessions: Pick<Sessions, "expire">;
}

export function deletePastItsTime(
  { clips, heard, alerts, sessions }: Kept,
  { clipsDays, heardDays }: Pick<GatewayConfig["retention"], "clipsDays" | "heardDays">,
  log: Pick<Logger, "info" | "error">,
): void {
  const nowMs = Date.now();
  /** Each by itself: no sound is kept beyond its days because something else cannot be deleted. */
  const expire = (what: keyof Kept, work: () => number | undefined): number => {
    try {
      return work() ?? 0;
    } catch (err) {
      log.error({ err, what }, "what is past its time is not deleted; free or replace the disk");
      return 0;
    }
  };
  const sounds = expire("clips", () => clips.expire(nowMs - clipsDays * DAY_MS));
  const arrivals = expire("heard", () => heard.expire(nowMs - heardDays * DAY_MS));
  expire("alerts", () => void alerts.expire(nowMs - heardDays * DAY_MS));
  expire("sessions", () => void sessions.expire());
  if (sounds + arrivals > 0) log.info({ sounds, arrivals }, "deleted what is past its time");
}
