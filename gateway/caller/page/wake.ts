/** Keeps the screen awake (W3C Screen Wake Lock): a phone that sleeps gives no camera. */
export interface Awake {
  readonly available: boolean;
  hold(): Promise<void>;
  release(): void;
}

function makeAwake(): Awake {
  const available = "wakeLock" in navigator;
  let lock: WakeLockSentinel | undefined;
  let wanted = false;
  const hold = async () => {
    wanted = true;
    if (!available || document.visibilityState !== "visible") return;
    try {
      lock = await navigator.wakeLock.request("screen");
    } catch {
      // Low battery or the system's own wish; tried again when the page is seen again.
      lock = undefined;
    }
  };
  // The system lets go whenever the page is hidden.
  document.addEventListener("visibilitychange", () => {
    if (wanted) void hold();
  });
  return {
    available,
    hold,
    release: () => {
      wanted = false;
      void lock?.release();
    },
  };
}

export const awake = makeAwake();
