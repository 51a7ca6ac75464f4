/** Possible matches that wait for a person; how often such alerts were wrong; the lists in force. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { FaceListView, FaceMatchView } from "#contract/face-api.ts";
import { faces } from "../state/field.ts";
import { gatewayNowMs, local, me, nearWords } from "../state/store.ts";
import { age } from "../words.ts";
import {
  chooseMatch,
  chosenMatch,
  followMatches,
  lists,
  loadLists,
  loadMatches,
  matches,
  matchFilter,
  revoke,
  total,
} from "./match-state.ts";
import { endWords, listStates, statusWords, wrongWords } from "./match-words.ts";

function Row({ match }: { match: FaceMatchView }) {
  const near = nearWords(match.place, true);
  return (
    <li>
      <button
        type="button"
        class={`match-row is-${match.status}`}
        aria-current={chosenMatch.value === match.match ? "true" : undefined}
        onClick={() => chooseMatch(match.match)}
      >
        <span class="match-row-head">
          <strong>Possible match</strong>
          <time dateTime={match.seenUntil}>{local.value.clock(match.seenUntil)}</time>
        </span>
        <span class="match-row-what">
          {match.person} · {match.list.purpose}
        </span>
        <span class="match-row-foot">
          <span class={match.status === "open" ? "calls" : ""}>
            {match.status === "open"
              ? `Waits ${age((gatewayNowMs.value - Date.parse(match.seenUntil)) / 1000)}`
              : `${statusWords[match.status]}${match.verdict ? ` · ${match.verdict.by}` : ""}`}
          </span>
          <span>{near ?? match.node}</span>
        </span>
      </button>
    </li>
  );
}

function Counts() {
  const view = faces.value;
  if (view === undefined) return null;
  const { counts, devices } = view;
  const comparing = devices.filter((device) => device.comparing).length;
  return (
    <section class="match-counts" aria-labelledby="match-counts-title">
      <h3 id="match-counts-title">How often it is wrong</h3>
      <dl>
        <div>
          <dt>Wrong alerts, of alerts judged</dt>
          <dd>{wrongWords(view.falseAlertsPerAlert, "judged")}</dd>
        </div>
        <div>
          <dt>Wrong alerts, of faces seen</dt>
          <dd>{wrongWords(view.falseAlertsPerFaceSeen, "faces")}</dd>
        </div>
        <div>
          <dt>Error by demographic group</dt>
          <dd>
            <b>{view.byDemographicGroup}</b>
          </dd>
        </div>
        <div>
          <dt>Shown to people</dt>
          <dd>
            {counts.possible} of {counts.tracks.toLocaleString("en")} people seen, {counts.suppressed} held back
          </dd>
        </div>
        <div>
          <dt>Devices that compare now</dt>
          <dd>
            {comparing} of {devices.length}
          </dd>
        </div>
      </dl>
      <p class="hint">Shares with the limits that hold with 90 % confidence.</p>
    </section>
  );
}

function Revoke({ list }: { list: FaceListView }) {
  const open = useSignal(false);
  const jws = useSignal("");
  const failed = useSignal<string | undefined>(undefined);
  const admin = me.value.roles.includes("admin");
  if (!open.value)
    return (
      <button
        type="button"
        disabled={!admin}
        title={admin ? "" : "needs the role admin"}
        onClick={() => (open.value = true)}
      >
        Revoke …
      </button>
    );
  return (
    <form
      class="second"
      onSubmit={async (event) => {
        event.preventDefault();
        failed.value = await revoke(list.id, jws.value.trim());
        if (failed.value === undefined) open.value = false;
      }}
    >
      <p class="second-ask">
        Revoke {list.id}? It is deleted on every device within a minute of its next contact, with a receipt, and never
        loads again.
      </p>
      <label class="match-jws">
        The authority's signed revocation
        <textarea
          rows={3}
          value={jws.value}
          onInput={(event) => (jws.value = event.currentTarget.value)}
          placeholder="eyJ…"
          spellcheck={false}
        />
      </label>
      <div class="row">
        <button type="submit" class="is-certain" disabled={jws.value.trim() === ""}>
          Revoke {list.id}
        </button>
        <button type="button" class="quiet" onClick={() => (open.value = false)}>
          Cancel
        </button>
      </div>
      <p class="said has-failed" role="status">
        {failed.value}
      </p>
    </form>
  );
}

function List({ list }: { list: FaceListView }) {
  const holding = list.devices.filter(({ holds }) => holds).length;
  const receipts = list.devices.filter(({ receiptAt }) => receiptAt !== undefined).length;
  const inForce = list.state === "inForce";
  return (
    <li class={`match-list is-${list.state}`}>
      <p>
        <b>{list.id}</b> <span class="match-list-state">{listStates[list.state]}</span>
      </p>
      <dl>
        <div>
          <dt>Authority</dt>
          <dd>{list.authority}</dd>
        </div>
        <div>
          <dt>Legal basis</dt>
          <dd>{list.legalBasis}</dd>
        </div>
        <div>
          <dt>Purpose</dt>
          <dd>
            {list.purpose}, {list.people} {list.people === 1 ? "person" : "people"}
          </dd>
        </div>
        <div>
          <dt>End</dt>
          <dd>
            {local.value.day(list.end)} <span class="faint">{endWords(list.end, gatewayNowMs.value)}</span>
          </dd>
        </div>
        <div>
          <dt>Devices</dt>
          <dd>
            {holding} {holding === 1 ? "holds" : "hold"} it
            {receipts > 0 && `, ${receipts} deleted it with a receipt`}
          </dd>
        </div>
      </dl>
      {list.revoked && (
        <p class="hint">
          Revoked {local.value.day(list.revoked.at)} by {list.revoked.by}: {list.revoked.why}
        </p>
      )}
      {inForce && <Revoke list={list} />}
    </li>
  );
}

function Lists() {
  const now = lists.value;
  return (
    <section class="match-lists" aria-labelledby="match-lists-title">
      <h3 id="match-lists-title">Lists</h3>
      {now.kind === "loading" && <span class="skeleton" />}
      {now.kind === "failed" && (
        <p class="warning">
          The lists could not be fetched: {now.error}.{" "}
          <button type="button" onClick={() => void loadLists()}>
            Try again
          </button>
        </p>
      )}
      {now.kind === "ready" && now.value.length === 0 && (
        <p class="hint">No list was ever enrolled here: no face is compared with anything.</p>
      )}
      {now.kind === "ready" && (
        <ul>
          {now.value.map((list) => (
            <List key={list.id} list={list} />
          ))}
        </ul>
      )}
    </section>
  );
}

export function MatchQueue() {
  useEffect(() => followMatches(), []);
  const now = matches.value;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard (WCAG 2.1.1)
    <section class="matches" aria-label="Possible matches" tabIndex={0}>
      <fieldset class="segments" aria-label="Which matches">
        {(["open", "all"] as const).map((id) => (
          <button
            key={id}
            type="button"
            aria-pressed={matchFilter.value === id}
            onClick={() => (matchFilter.value = id)}
          >
            {id === "open" ? "Open" : "All"}{" "}
            <span class="count">
              {id === "open" ? (faces.value?.open ?? 0) : matchFilter.value === "all" ? total.value : ""}
            </span>
          </button>
        ))}
      </fieldset>
      {now.kind === "loading" && <span class="skeleton" />}
      {now.kind === "failed" && (
        <p class="warning">
          The matches could not be fetched: {now.error}.{" "}
          <button type="button" onClick={() => void loadMatches()}>
            Try again
          </button>
        </p>
      )}
      {now.kind === "ready" && now.value.length === 0 && (
        <div class="empty">
          <p class="empty-head">No possible match waits.</p>
          <p>A device says “possible match” at most; a person judges each one. Nothing moves by itself on one.</p>
        </div>
      )}
      {now.kind === "ready" && (
        <ul class="match-rows">
          {now.value.map((match) => (
            <Row key={match.match} match={match} />
          ))}
        </ul>
      )}
      <Counts />
      <Lists />
    </section>
  );
}
