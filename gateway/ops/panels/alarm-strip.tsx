/** What calls for somebody, always on top, at every width. Taken by one button or one key. */
import { mayNotTake } from "../rights.ts";
import { select, take } from "../state/actions.ts";
import { calling, keyTakes } from "../state/calling.ts";
import { busy, gatewayNowMs, me, placesWords } from "../state/store.ts";
import { age, lateWords, sentence, sureWords, within } from "../words.ts";
import { HeadlineWords } from "./headline-words.tsx";
import { Key } from "./key.tsx";
import { StatusMark } from "./status-mark.tsx";

export async function takeFirst(): Promise<void> {
  const first = calling.value[0];
  if (first === undefined) return;
  select(first.incident);
  await take();
}

export function AlarmStrip() {
  const first = calling.value[0];
  const near = first && placesWords(first);
  const sure = first && sureWords(first);
  const noTaking = mayNotTake(me.value);
  const late = first && lateWords(first);
  const isKeys = first !== undefined && keyTakes.value?.incident === first.incident;
  return (
    <div class="alarm" hidden={first === undefined}>
      <p class="unseen" role="alert">
        {first === undefined ? "" : `New incident: ${sentence(first, near)}`}
      </p>
      {first !== undefined && (
        <>
          <button type="button" class="alarm-what" onClick={() => select(first.incident)}>
            <StatusMark status="unreviewed" />
            <strong>
              <HeadlineWords incident={first} />
            </strong>
            <span>
              {sure?.figure} <span class={sure?.figure === undefined ? "" : "wide-only"}>{sure?.word}</span>
            </span>
            <span>
              {first.alternatives?.length
                ? `${first.alternatives.length + 1} places fit`
                : within(first.place?.ellipse95)}
            </span>
            {near && <span class="alarm-near">{near}</span>}
            {late && <b class="alarm-late">{late}</b>}
            <span class="alarm-age">
              nobody has it · {age((gatewayNowMs.value - Date.parse(first.alertedAt)) / 1000)}
            </span>
            {calling.value.length > 1 && <span class="alarm-more">+ {calling.value.length - 1} more</span>}
          </button>
          <button
            type="button"
            class="alarm-take"
            {...(isKeys && { "aria-keyshortcuts": "t" })}
            disabled={busy.value || noTaking !== undefined}
            title={noTaking}
            onClick={() => void takeFirst()}
          >
            Take {isKeys && <Key>T</Key>}
          </button>
        </>
      )}
    </div>
  );
}
