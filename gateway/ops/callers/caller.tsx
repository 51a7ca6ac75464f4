/** The phone of somebody who called: what they allowed, where they are, what they say, tap and knock, and what may be asked of them. */
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { type CallerView, consentItems, type PhoneAsk, questions, questionWords } from "#contract/caller.ts";
import { json } from "../api.ts";
import { SecondAct } from "../field/second-act.tsx";
import { boxOf, circleRing } from "../geometry.ts";
import { mapFocus } from "../map/focus.ts";
import type { SectionProps } from "../panels/sections/section.ts";
import { endedSession } from "../state/actions.ts";
import { addressMade, callersOf } from "../state/field.ts";
import { gatewayNowMs, local, me, nearWords, tab } from "../state/store.ts";
import { consentMarks, consentWords, linkWords, positionWords, smsWords } from "./caller-words.ts";
import { LinkMaker } from "./link-maker.tsx";
import { Messages, useMessages } from "./messages.tsx";
import { TalkButton } from "./talk-button.tsx";

const itemWords = { video: "Picture", voice: "Voice", position: "Position" } as const;

function Asks({ caller, ask }: { caller: CallerView; ask: (ask: PhoneAsk) => void }) {
  const { able, setting, consent } = caller;
  const seen = consent.video === "granted";
  const zoom = able?.zoom;
  const now = setting?.zoom ?? 1;
  return (
    <div class="caller-asks">
      <button
        type="button"
        disabled={!seen || !able?.torch || setting?.mode === "secret"}
        title={able?.torch ? "the caller lights it with a tap of their own" : "this phone's browser gives no torch"}
        onClick={() => ask({ kind: "torch", on: !setting?.torch })}
      >
        {setting?.torch ? "Torch off" : "Torch"}
      </button>
      <button
        type="button"
        disabled={!seen || (able?.cameras ?? 0) < 2}
        onClick={() => ask({ kind: "camera", facing: setting?.facing === "front" ? "back" : "front" })}
      >
        {setting?.facing === "front" ? "Back camera" : "Front camera"}
      </button>
      <button
        type="button"
        disabled={!seen || zoom === undefined || now >= zoom.max}
        onClick={() => ask({ kind: "zoom", factor: Math.min(zoom!.max, now * 2) })}
      >
        Closer
      </button>
      <button
        type="button"
        disabled={!seen || zoom === undefined || now <= zoom.min}
        onClick={() => ask({ kind: "zoom", factor: Math.max(zoom!.min, now / 2) })}
      >
        Wider
      </button>
      <button
        type="button"
        disabled={!seen}
        aria-pressed={setting?.sending === "stills"}
        onClick={() => ask({ kind: "stills", on: setting?.sending !== "stills" })}
      >
        Stills
      </button>
    </div>
  );
}

/** The address of a link that this desk made: whoever is on the line with the caller reads it out. */
function Address({ caller }: { caller: CallerView }) {
  const made = addressMade.value.get(caller.id);
  if (made?.by !== me.value.user || caller.state !== "waiting") return null;
  return (
    <p class="link-made">
      <b>{caller.sms === undefined ? "Sent to nobody: read it out or copy it." : "If the message does not arrive:"}</b>{" "}
      <code>{made.url}</code> Shown at this desk only, until it is opened or this page is loaded again.
    </p>
  );
}

function Caller({ caller }: { caller: CallerView }) {
  const { messages, failed } = useMessages(caller.id);
  const said = useSignal<string | undefined>(undefined);
  const ending = useSignal(false);
  const text = useRef<HTMLInputElement>(null);
  const nowMs = gatewayNowMs.value;
  const linked = linkWords(caller, nowMs);
  const open = caller.state === "open";
  const may = me.value.roles.includes("dispatch");
  const path = (act: string) => `/api/callers/${encodeURIComponent(caller.id)}/${act}`;
  const post = async (act: string, body: object) => {
    const answer = await json<unknown>("POST", path(act), body);
    if (endedSession(answer)) return false;
    said.value = answer.ok ? undefined : `Not done: ${answer.error}.`;
    return answer.ok;
  };
  const sms = smsWords(caller);
  const { position, setting } = caller;
  const near = nearWords(position, true);
  // A knock that was not clear is not made clear by large letters.
  const last = messages.value.findLast(({ from, text }) => from === "caller" && text === caller.lastSaid?.text);
  const orElse = last?.orElse ?? [];
  return (
    <article class={`caller is-${linked.tone}`} aria-label="Caller's phone">
      <p class="caller-head">
        <span class={`caller-link is-${linked.tone}`}>{linked.text}</span>
        {setting?.mode === "secret" && <span class="caller-secret">SECRET MODE</span>}
      </p>
      {sms !== undefined && caller.state === "waiting" && (
        <p class={caller.sms?.status === "failed" ? "warning" : "hint"}>{sms}.</p>
      )}
      <Address caller={caller} />
      {caller.lastSaid !== undefined && (
        <p class="caller-last">
          <time>{local.value.clock(caller.lastSaid.at)}</time> <strong>{caller.lastSaid.text}</strong>
          {orElse.length > 0 && <span class="caller-or"> unclear; or else: {orElse.join(", ")}</span>}
        </p>
      )}
      <ul class="consent" aria-label="What the caller allowed">
        {consentItems.map((item) => (
          <li key={item} class={`is-${caller.consent[item]}`}>
            <span aria-hidden="true">{consentMarks[caller.consent[item]]}</span> {itemWords[item]}{" "}
            <b>{consentWords[caller.consent[item]]}</b>
          </li>
        ))}
      </ul>
      {open && (
        <dl class="drone-facts robot-facts">
          <div>
            <dt>Place</dt>
            <dd>
              {near !== undefined && <b>{near}</b>}
              <span>{positionWords(caller, nowMs)}</span>
            </dd>
          </div>
          {setting !== undefined && (
            <div class={(setting.batteryPercent ?? 100) < 15 ? "is-warn" : ""}>
              <dt>Phone</dt>
              <dd>
                {setting.sending === "nothing" ? "sends no picture" : `sends ${setting.sending}`}, {setting.facing}{" "}
                camera
                {setting.batteryPercent !== undefined && `, battery ${setting.batteryPercent} %`}
              </dd>
            </div>
          )}
        </dl>
      )}
      {position !== undefined && (
        <button
          type="button"
          class="quiet drone-look"
          onClick={() => {
            tab.value = "map";
            const box = boxOf(circleRing(position.lat, position.lon, Math.max(20, position.accuracyM), 24));
            if (box) mapFocus.value = { box, first: false, maxZoom: 17.6, at: `caller ${caller.id}` };
          }}
        >
          Show the caller on the map
        </button>
      )}
      {failed.value !== undefined && <p class="warning">What was said could not be fetched: {failed.value}.</p>}
      {(open || messages.value.length > 0) && <Messages messages={messages.value} />}
      {open && may && (
        <>
          <form
            class="note"
            onSubmit={async (event) => {
              event.preventDefault();
              const input = text.current;
              const words = input?.value.trim();
              if (!words) return input?.focus();
              if ((await post("chat", { text: words })) && input) input.value = "";
            }}
          >
            <input
              ref={text}
              type="text"
              maxLength={1000}
              aria-label="Write to the caller"
              placeholder="Write to the caller"
              autocomplete="off"
            />
            <button type="submit">Send</button>
          </form>
          <TalkButton caller={caller} />
          <details class="caller-questions" open={messages.value.length === 0}>
            <summary>Questions that one tap or knock answers</summary>
            <div class="caller-asks">
              {questions.map((question) => (
                <button key={question} type="button" onClick={() => void post("ask", { kind: "question", question })}>
                  {questionWords[question]}
                </button>
              ))}
            </div>
          </details>
          <Asks caller={caller} ask={(ask) => void post("ask", ask)} />
        </>
      )}
      <p class="said has-failed" role="status">
        {said.value}
      </p>
      {may &&
        (open || caller.state === "waiting") &&
        (ending.value ? (
          <SecondAct
            id={`end-${caller.id}`}
            label={open ? "End it" : "Take it back"}
            ask={
              open
                ? "End the connection to this phone? Picture, voice and position stop at once, and the link opens no more. Why?"
                : "Take the link back? It opens no more. Why?"
            }
            reasons={["Crew is with the caller", "The caller asked for it", "Sent to a wrong number"]}
            act={(why) => {
              ending.value = false;
              void post("end", { why });
            }}
            cancel={() => (ending.value = false)}
          />
        ) : (
          <button type="button" class="act" onClick={() => (ending.value = true)}>
            {open ? "End …" : "Take the link back …"}
          </button>
        ))}
    </article>
  );
}

export function Callers({ incident }: SectionProps) {
  const list = callersOf(incident.incident);
  const now = list.filter(({ state }) => state === "open" || state === "waiting");
  const over = list.filter((caller) => !now.includes(caller));
  return (
    <>
      {now.map((caller) => (
        <Caller key={caller.id} caller={caller} />
      ))}
      {now.length === 0 && over[0] && <Caller key={over[0].id} caller={over[0]} />}
      {over.length > (now.length === 0 ? 1 : 0) && (
        <p class="hint">
          {over.length - (now.length === 0 ? 1 : 0)} earlier links of this incident are over; they stand on the
          timeline.
        </p>
      )}
      <LinkMaker incident={incident.incident} />
    </>
  );
}
