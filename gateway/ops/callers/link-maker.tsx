/** Makes a one-time link for somebody who called: the number first, then a second act that names where it goes and what happens. */
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { type CallerAsk, type CallerMade, type Language, languages } from "#contract/caller.ts";
import { json } from "../api.ts";
import { endedSession, select } from "../state/actions.ts";
import { addressMade, callers } from "../state/field.ts";
import { me, work } from "../state/store.ts";

const languageNames: Record<Language, string> = {
  en: "English",
  ko: "Korean",
  es: "Spanish",
  de: "German",
  fr: "French",
  zh: "Chinese",
  ar: "Arabic",
};

/** The contract's own rule for numbers (ITU-T E.164), with what people write between the digits. */
export function numberOf(text: string): string | undefined {
  const bare = text.replace(/[\s().-]/g, "");
  return /^\+[1-9]\d{6,14}$/.test(bare) ? bare : undefined;
}

export function LinkMaker({ incident }: { incident?: string }) {
  const open = useSignal(false);
  const phone = useSignal("");
  const language = useSignal<Language>("en");
  const sure = useSignal(false);
  const busy = useSignal(false);
  const failed = useSignal<string | undefined>(undefined);
  const box = useRef<HTMLFormElement>(null);
  const may = me.value.roles.includes("dispatch");
  useLayoutEffect(() => {
    if (sure.value) box.current?.focus({ preventScroll: true });
  }, [sure.value]);

  const send = async () => {
    const number = numberOf(phone.value);
    busy.value = true;
    const ask: CallerAsk = {
      language: language.value,
      ...(incident !== undefined && { incident }),
      ...(number !== undefined && { phone: number }),
    };
    const answer = await json<CallerMade>("POST", "/api/callers", ask);
    busy.value = false;
    if (endedSession(answer)) return;
    sure.value = false;
    failed.value = answer.ok ? undefined : `Not sent: ${answer.error}.`;
    if (!answer.ok) return;
    open.value = false;
    phone.value = "";
    const { caller, url } = answer.value;
    addressMade.value = new Map(addressMade.value).set(caller.id, { url, by: me.value.user });
    callers.value = new Map(callers.value).set(caller.id, caller);
    if (incident === undefined) {
      work.value = "incidents";
      select(caller.incident);
    }
  };

  if (!open.value)
    return (
      <>
        <button type="button" class="act link-new" disabled={!may} onClick={() => (open.value = true)}>
          {incident === undefined ? "New caller link …" : "Send a link to a caller …"}
        </button>
        {!may && <p class="hint">Caller link: needs the role dispatch.</p>}
      </>
    );
  const number = numberOf(phone.value);
  const wrong = phone.value.trim() !== "" && number === undefined;
  const to = number === undefined ? "nobody yet: you read the address out" : number;
  return (
    <form
      ref={box}
      class="second link-form"
      tabIndex={-1}
      aria-label="Link for a caller"
      onSubmit={(event) => {
        event.preventDefault();
        if (!wrong && !sure.value) sure.value = true;
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        if (sure.value) sure.value = false;
        else open.value = false;
      }}
    >
      {sure.value ? (
        <>
          <p class="second-ask">
            {number === undefined ? "Make a link for a caller?" : `Send a text message with a link to ${number}?`}
          </p>
          <p>
            It opens once, on one phone. Its page says who asks, and asks the caller to allow position, picture and
            voice each for itself. What they allow is shown here and recorded.
          </p>
          <div class="row">
            <button type="button" class="is-certain" disabled={busy.value} onClick={() => void send()}>
              {number === undefined ? "Make the link" : `Send to ${number}`}
            </button>
            <button type="button" class="quiet" onClick={() => (sure.value = false)}>
              Back
            </button>
          </div>
        </>
      ) : (
        <>
          <label>
            Number of the caller
            <input
              type="tel"
              autocomplete="off"
              value={phone.value}
              aria-invalid={wrong}
              aria-describedby="link-number"
              placeholder="+1 555 010 0199"
              onInput={(event) => (phone.value = event.currentTarget.value)}
            />
          </label>
          <p id="link-number" class={wrong ? "said has-failed" : "hint"}>
            {wrong ? "With its country code, such as +1 555 010 0199." : `Goes to ${to}.`}
          </p>
          <label>
            Language of the message
            <select
              value={language.value}
              onChange={(event) => (language.value = event.currentTarget.value as Language)}
            >
              {languages.map((id) => (
                <option key={id} value={id}>
                  {languageNames[id]}
                </option>
              ))}
            </select>
          </label>
          <div class="row">
            <button type="submit" disabled={wrong}>
              {number === undefined ? "Make a link …" : "Send …"}
            </button>
            <button type="button" class="quiet" onClick={() => (open.value = false)}>
              Cancel
            </button>
          </div>
        </>
      )}
      <p class="said has-failed" role="status">
        {failed.value}
      </p>
    </form>
  );
}
