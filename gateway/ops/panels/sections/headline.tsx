/** What happened, how sure, where: readable from two metres away. */
import { gatewayNowMs, local, nearWords, otherDay, when } from "../../state/store.ts";
import { age, lateWords, shortName, statusWord, sureWords, within } from "../../words.ts";
import { HeadlineWords } from "../headline-words.tsx";
import { StatusMark } from "../status-mark.tsx";
import type { SectionProps } from "./section.ts";

function coordinates({ lat, lon }: { lat: number; lon: number }): string {
  return `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
}

function Standing({ incident }: SectionProps) {
  const { verdict, takenBy, status } = incident;
  if (verdict !== undefined && status !== "unreviewed") {
    return (
      <>
        {statusWord(status)} by <strong>{verdict.by}</strong> at {when(verdict.at)}: {verdict.reason}
      </>
    );
  }
  if (takenBy !== undefined) {
    return (
      <>
        Unreviewed · <strong>{takenBy.by}</strong> has it since {when(takenBy.at)}
      </>
    );
  }
  return <>Unreviewed · nobody has it</>;
}

export function Headline(props: SectionProps) {
  const { incident } = props;
  const fired = Date.parse(incident.firedAt);
  const several = incident.alternatives?.length ?? 0;
  const near = nearWords(incident.place);
  const sure = sureWords(incident);
  const alertS = (Date.parse(incident.alertedAt) - fired) / 1000;
  return (
    <header class="headline">
      <div class="headline-id">
        <StatusMark status={incident.status} />
        <h2>Incident {shortName(incident.incident)}</h2>
        <span class="faint">version {incident.version}</span>
        <time dateTime={incident.firedAt}>{age((gatewayNowMs.value - fired) / 1000)} ago</time>
      </div>
      <p class="headline-what">
        <span>
          <HeadlineWords incident={incident} />
        </span>
        <span class="headline-sure">
          {sure.figure !== undefined && <b>{sure.figure}</b>} {sure.word}
        </span>
      </p>
      <p class="headline-where">
        {several > 0 ? (
          <b>{several + 1} places fit: see below</b>
        ) : (
          <>
            <b title="the longer half axis of the 95 % ellipse">{within(incident.place?.ellipse95)}</b>
            {near && <span>{near}</span>}
          </>
        )}
      </p>
      <p class="headline-facts">
        <span>
          {incident.kind === "gunfire" ? "fired" : "reported"} {otherDay(incident.firedAt)}{" "}
          {local.value.precise(incident.firedAt)} {local.value.zone(incident.firedAt)}
        </span>
        <span>here after {alertS < 60 ? `${alertS.toFixed(1)} s` : age(alertS)}</span>
        {incident.place && several === 0 && <span>{coordinates(incident.place)}</span>}
      </p>
      {lateWords(incident) && (
        <p class="warning">
          <b aria-hidden="true">!</b> Not of now: it {lateWords(incident)}.
        </p>
      )}
      {incident.unverified && (
        <p class="warning">
          <b aria-hidden="true">!</b> Not verified: one of the sounds may be an echo, and nothing contradicts it.
        </p>
      )}
      <p class={`standing is-${incident.status}`}>
        <Standing {...props} />
      </p>
    </header>
  );
}
