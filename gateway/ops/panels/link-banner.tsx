/** Says that the picture is not live, since when, and what happens next. */

import { retryLink } from "../state/connect.ts";
import { link, local, nowMs } from "../state/store.ts";
import { age } from "../words.ts";

export function LinkBanner() {
  const state = link.value;
  const since = state.kind === "lost" || state.kind === "stale" ? state.sinceMs : undefined;
  return (
    <div class="link-banner" role="status" hidden={since === undefined}>
      {since !== undefined && (
        <>
          <strong>{state.kind === "lost" ? "Link lost" : "Gateway silent"}</strong>
          <span>
            since {local.value.clock(since)} {local.value.zone(since)}
          </span>
          <span>· the picture below is {age((nowMs.value - since) / 1000)} old</span>
          {state.kind === "lost" && (
            <>
              <span class="wide-only">
                · next try in {Math.max(0, Math.ceil((state.retryAtMs - nowMs.value) / 1000))} s
              </span>
              <button type="button" onClick={retryLink}>
                Try now
              </button>
            </>
          )}
        </>
      )}
    </div>
  );
}
