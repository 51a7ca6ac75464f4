/** One possible match: the face that was seen beside the picture of the list, how alike, how often such an alert is wrong, and the verdict. */
import { useSignal } from "@preact/signals";
import type { FaceMatchView } from "#contract/face-api.ts";
import { Key } from "../panels/key.tsx";
import { ReasonForm } from "../panels/reason-form.tsx";
import { select } from "../state/actions.ts";
import { gatewayNowMs, local, nearWords, work } from "../state/store.ts";
import { age, within } from "../words.ts";
import { History } from "./history.tsx";
import { chosenMatch, judge, judging, loadMatch, matchBusy, matchDetail, matchSaid, mayJudge } from "./match-state.ts";
import { matchActs, statusWords } from "./match-words.ts";

function Face({
  match,
  which,
  has,
  caption,
}: {
  match: string;
  which: "probe" | "gallery";
  has: boolean;
  caption: string;
}) {
  const gone = useSignal(false);
  return (
    <figure class="face">
      {has && !gone.value ? (
        <img
          src={`/api/faces/matches/${encodeURIComponent(match)}/${which}`}
          alt={caption}
          onError={() => (gone.value = true)}
        />
      ) : (
        <p class="face-none">
          {which === "probe" ? "The picture was deleted: it is past its time." : "No picture came with the list."}
        </p>
      )}
      <figcaption>{caption}</figcaption>
    </figure>
  );
}

/** How near the two are, on the scale on which the limit is drawn: the marks say it, not a percentage. */
function Nearness({ score }: { score: FaceMatchView["score"] }) {
  const { distance, thresholdDistance } = score;
  const end = Math.max(thresholdDistance * 1.6, distance * 1.05);
  const at = (value: number) => 100 * (1 - Math.min(1, value / end));
  return (
    <div class="nearness">
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect x="0" y="2" width="100" height="4" class="nearness-all" />
        <rect x={at(thresholdDistance)} y="2" width={100 - at(thresholdDistance)} height="4" class="nearness-shown" />
        <rect x={at(distance) - 0.7} y="0" width="1.4" height="8" class="nearness-here" />
      </svg>
      <p>
        <span>unlike</span>
        <span>
          distance {distance.toFixed(2)}; shown up to {thresholdDistance.toFixed(2)}
        </span>
        <span>alike</span>
      </p>
    </div>
  );
}

function Reasons({ match }: { match: FaceMatchView }) {
  const act = judging.value!;
  return (
    <ReasonForm
      tone={act.status === "rejected" ? "dismissed" : act.status}
      ask={act.ask}
      label={act.label}
      reasons={act.reasons}
      inputId="match-reason"
      busy={matchBusy.value}
      about={match.match}
      onReason={(reason) => void judge(act, reason)}
      onCancel={() => (judging.value = undefined)}
    />
  );
}

function Verdict({ match }: { match: FaceMatchView }) {
  if (match.status !== "open")
    return (
      <p class={`standing is-${match.status === "rejected" ? "dismissed" : match.status}`}>
        {statusWords[match.status]}
        {match.verdict && (
          <>
            {" "}
            · <b>{match.verdict.by}</b> at {local.value.clock(match.verdict.at)}: {match.verdict.reason}
          </>
        )}
        {match.incident !== undefined && (
          <button
            type="button"
            class="match-incident"
            onClick={() => {
              work.value = "incidents";
              select(match.incident);
            }}
          >
            To its incident
          </button>
        )}
      </p>
    );
  if (judging.value !== undefined) return <Reasons match={match} />;
  return (
    <div class="acts match-acts">
      {matchActs.map((act) => (
        <button
          key={act.status}
          type="button"
          class={`act is-${act.status}`}
          aria-keyshortcuts={act.key}
          disabled={!mayJudge.value || matchBusy.value}
          onClick={() => (judging.value = act)}
        >
          {act.label} <Key>{act.key.toUpperCase()}</Key>
        </button>
      ))}
    </div>
  );
}

export function MatchReview() {
  const now = matchDetail.value;
  const id = chosenMatch.value;
  if (id === undefined || now.kind === "idle")
    return (
      <aside class="incident" id="panel-incident" aria-label="Possible match">
        <div class="empty">
          <p class="empty-head">No possible match chosen.</p>
          <p>Choosing one is a look, and stands on the record.</p>
        </div>
      </aside>
    );
  if (now.kind !== "ready")
    return (
      <aside class="incident" id="panel-incident" aria-label="Possible match" aria-busy={now.kind === "loading"}>
        <div class="empty">
          {now.kind === "loading" ? (
            <span class="skeleton" />
          ) : (
            <p class="warning">
              The match could not be fetched: {now.error}.{" "}
              <button type="button" onClick={() => void loadMatch(id)}>
                Try again
              </button>
            </p>
          )}
        </div>
      </aside>
    );
  const { match } = now.value;
  const near = nearWords(match.place);
  return (
    <aside class="incident" id="panel-incident" aria-label="Possible match">
      <div class="incident-top">
        <header class="headline">
          <div class="headline-id">
            <h2>Possible match</h2>
            <span class="faint">to be judged by a person</span>
            <time>{age((gatewayNowMs.value - Date.parse(match.seenUntil)) / 1000)} ago</time>
          </div>
          <div class="faces">
            <Face match={match.match} which="probe" has={match.hasProbe} caption={`Seen by ${match.node}`} />
            <Face match={match.match} which="gallery" has={match.hasGallery} caption={`On the list: ${match.person}`} />
          </div>
          <p class="match-words">{match.score.words}</p>
          <Nearness score={match.score} />
        </header>
        <section class="verdict" aria-label="What to do" tabIndex={-1}>
          <Verdict match={match} />
          <p class={`said${matchSaid.value?.failed ? " has-failed" : ""}`} role="status">
            {matchSaid.value?.text}
          </p>
        </section>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard (WCAG 2.1.1) */}
      <section class="sections" tabIndex={0} aria-label="What is known of it">
        <section class="section">
          <h3>How often such an alert is wrong</h3>
          <ul class="match-errors">
            {match.knownError.slice(1).map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </section>
        <section class="section">
          <h3>Where and when</h3>
          <dl class="drone-facts match-facts">
            <div>
              <dt>Seen</dt>
              <dd>
                {local.value.clock(match.seenFrom)} to {local.value.clock(match.seenUntil)}
              </dd>
            </div>
            <div>
              <dt>By</dt>
              <dd>
                {match.node}, {match.camera}
              </dd>
            </div>
            <div>
              <dt>Device stood</dt>
              <dd>
                {near ?? "place not known"} {match.place && within(match.place.ellipse95)}
              </dd>
            </div>
            <div>
              <dt>Direction</dt>
              <dd>{match.bearingDeg === undefined ? "not known" : `${Math.round(match.bearingDeg)}° from north`}</dd>
            </div>
            <div>
              <dt>Good looks</dt>
              <dd>
                {match.looks}, quality {Math.round(match.quality * 100)} of 100
              </dd>
            </div>
            <div>
              <dt>Picture kept until</dt>
              <dd>{local.value.clock(match.probeUntil)}</dd>
            </div>
            <div>
              <dt>List</dt>
              <dd>
                {match.list.id}, {match.list.authority}
              </dd>
            </div>
            <div>
              <dt>Purpose</dt>
              <dd>{match.list.purpose}</dd>
            </div>
          </dl>
        </section>
        <History detail={now.value} />
      </section>
    </aside>
  );
}
