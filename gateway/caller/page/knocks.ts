/** Collects taps into knocks: short touches count at the instant they begin, a pause ends the pattern, a long touch is a gesture of its own. */
const PAUSE_MS = 1800;
const LONG_MS = 700;
export const HOLD_MS = 2000;
const MOST_KNOCKS = 40;
/** A finger that slides further than this scrolls. */
const SLIDE_PX = 24;

export interface KnockEvents {
  /** So many so far; 0 when the pattern was sent. */
  count: (knocks: number) => void;
  done: (knocksMs: number[]) => void;
  held?: () => void;
}

/** Listens until the returned function is called. */
export function hearKnocks(target: HTMLElement, events: KnockEvents): () => void {
  let times: number[] = [];
  let pause: ReturnType<typeof setTimeout> | undefined;
  let hold: ReturnType<typeof setTimeout> | undefined;
  let touch: { atMs: number; x: number; y: number } | undefined;

  const finish = () => {
    clearTimeout(pause);
    pause = undefined;
    if (times.length === 0) return;
    const [first = 0] = times;
    const sent = times.map((ms) => Math.round(ms - first));
    times = [];
    events.count(0);
    events.done(sent);
  };
  const down = (event: PointerEvent) => {
    clearTimeout(pause);
    touch = { atMs: event.timeStamp, x: event.clientX, y: event.clientY };
    clearTimeout(hold);
    if (events.held) hold = setTimeout(letGo, HOLD_MS);
  };
  const letGo = () => {
    touch = undefined;
    times = [];
    events.held?.();
  };
  const up = (event: PointerEvent) => {
    clearTimeout(hold);
    if (!touch) return;
    const slid = Math.hypot(event.clientX - touch.x, event.clientY - touch.y) > SLIDE_PX;
    if (!slid && event.timeStamp - touch.atMs < LONG_MS) {
      times.push(touch.atMs);
      events.count(times.length);
    }
    touch = undefined;
    if (times.length >= MOST_KNOCKS) finish();
    else pause = setTimeout(finish, PAUSE_MS);
  };
  const cancel = () => {
    clearTimeout(hold);
    touch = undefined;
    pause = setTimeout(finish, PAUSE_MS);
  };
  target.addEventListener("pointerdown", down);
  target.addEventListener("pointerup", up);
  target.addEventListener("pointercancel", cancel);
  return () => {
    target.removeEventListener("pointerdown", down);
    target.removeEventListener("pointerup", up);
    target.removeEventListener("pointercancel", cancel);
    clearTimeout(hold);
    // Knocks of a pad that goes away are said all the same.
    finish();
  };
}
