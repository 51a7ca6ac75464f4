/** What caller and operator said, tapped and knocked. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { CallerDetail, CallerMessage, CallerSaid } from "#contract/caller.ts";
import { json } from "../api.ts";
import { endedSession } from "../state/actions.ts";
import { callerListeners } from "../state/field.ts";
import { local } from "../state/store.ts";
import { age } from "../words.ts";

/** A caller's words so far, kept by live messages. */
export function useMessages(id: string) {
  const messages = useSignal<readonly CallerMessage[]>([]);
  const failed = useSignal<string | undefined>(undefined);
  useEffect(() => {
    let gone = false;
    const put = (list: readonly CallerMessage[]) => {
      const all = new Map(messages.value.map((one) => [one.seq, one]));
      for (const one of list) all.set(one.seq, one);
      messages.value = [...all.values()].sort((a, b) => a.seq - b.seq);
    };
    const hear = (said: CallerSaid) => {
      if (said.caller === id) put([said.message]);
    };
    callerListeners.add(hear);
    messages.value = [];
    void json<CallerDetail>("GET", `/api/callers/${encodeURIComponent(id)}`).then((answer) => {
      if (gone || endedSession(answer)) return;
      failed.value = answer.ok ? undefined : answer.error;
      if (answer.ok) put(answer.value.messages);
    });
    return () => {
      gone = true;
      callerListeners.delete(hear);
    };
  }, [id]);
  return { messages, failed };
}

const kindMarks: Record<CallerMessage["kind"], string> = {
  chat: "",
  answer: "taps",
  knock: "knocks",
  ask: "asked",
  done: "phone",
};

export function Messages({ messages }: { messages: readonly CallerMessage[] }) {
  const end = useRef<HTMLOListElement>(null);
  useEffect(() => {
    end.current?.scrollTo({ top: end.current.scrollHeight });
  }, [messages.length]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard (WCAG 2.1.1)
    <ol ref={end} class="caller-said" aria-label="What was said" aria-live="polite" tabIndex={0}>
      {messages.length === 0 && <li class="faint">Nothing was said yet.</li>}
      {messages.map(({ seq, at, from, by, kind, text, orElse, done, delivered, heldS }) => (
        <li key={seq} class={`is-${from} is-${kind}${done === false ? " is-undone" : ""}`}>
          <span class="caller-meta">
            <time>{local.value.clock(at)}</time> {from === "caller" ? kindMarks[kind] || "caller" : by}
            {kind === "ask" && from === "operator" && " asked"}
            {from === "operator" && !delivered && " · not there yet"}
            {heldS !== undefined && ` · waited ${age(heldS)} for the link`}
          </span>
          <span class="caller-text">{text}</span>
          {orElse !== undefined && orElse.length > 0 && (
            <span class="caller-or">unclear; or else: {orElse.join(", ")}</span>
          )}
        </li>
      ))}
    </ol>
  );
}
