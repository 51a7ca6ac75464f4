/** Push to talk: the operator is heard while it is held. */
import { useEffect, useMemo } from "preact/hooks";
import type { CallerView } from "#contract/caller.ts";
import { me } from "../state/store.ts";
import { deafWords } from "./caller-words.ts";
import { Talk } from "./talk.ts";

export function TalkButton({ caller }: { caller: CallerView }) {
  const talk = useMemo(() => new Talk(caller.id), [caller.id]);
  useEffect(() => () => talk.close(), [talk]);
  const state = talk.state.value;
  const words = {
    off: "Hold to talk",
    connecting: "Opening the line …",
    ready: "Hold to talk (line open)",
    talking: "You are heard: let go to stop",
  }[state];
  const other = caller.talking !== undefined && caller.talking !== me.value.user ? caller.talking : undefined;
  const deaf = deafWords(caller);
  return (
    <>
      <button
        type="button"
        class={`act talk is-${state}`}
        disabled={other !== undefined}
        aria-pressed={state === "talking"}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          void talk.press();
        }}
        onPointerUp={() => talk.release()}
        onPointerCancel={() => talk.release()}
        onKeyDown={(event) => {
          if ((event.key !== " " && event.key !== "Enter") || event.repeat) return;
          event.preventDefault();
          void talk.press();
        }}
        onKeyUp={(event) => (event.key === " " || event.key === "Enter") && talk.release()}
        onBlur={() => talk.release()}
      >
        {other === undefined ? words : `${other} is talking`}
      </button>
      {deaf !== undefined && (
        <p class="warning" role="status">
          {deaf}
        </p>
      )}
      {talk.failed.value !== undefined && (
        <p class="said has-failed" role="status">
          {talk.failed.value}
        </p>
      )}
    </>
  );
}
