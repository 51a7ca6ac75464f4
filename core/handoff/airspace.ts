/** Weekly windows of time in which flying is allowed, in UTC. */
export interface WeeklyWindow {
  days?: readonly number[] | undefined;
  from: string;
  to: string;
}

const minutes = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));

/** True while the window is open. A window whose end is before its start runs over midnight and belongs to the day it starts on. */
export function windowOpen(window: WeeklyWindow, utcMs: number): boolean {
  const at = new Date(utcMs);
  const now = at.getUTCHours() * 60 + at.getUTCMinutes();
  const day = at.getUTCDay();
  const from = minutes(window.from);
  const to = minutes(window.to);
  const on = (weekday: number) => window.days === undefined || window.days.includes(weekday);
  if (from < to) return on(day) && now >= from && now < to;
  return (on(day) && now >= from) || (on((day + 6) % 7) && now < to);
}
