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
  try {
    const sounds = clips.expire(nowMs - clipsDays * DAY_MS);
    const arrivals = heard.expire(nowMs - heardDays * DAY_MS);
    alerts.expire(nowMs - heardDays * DAY_MS);
    sessions.expire();
    if (sounds + arrivals > 0) log.info({ sounds, arrivals }, "deleted what is past its time");
  } catch (err) {
    log.error({ err }, "what is past its time is not deleted; free or replace the disk");
  }
}
