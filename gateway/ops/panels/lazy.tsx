/** A part of the console that is fetched when it is first shown, with its style sheet; it says so while it waits and when it did not come. */
import { useSignal } from "@preact/signals";
import type { ComponentChild } from "preact";
import { useEffect } from "preact/hooks";

type View<P> = (props: P) => ComponentChild;

let sheet: Promise<void> | undefined;

/** Fetches a style sheet that lies beside the page; resolves when it applies. */
export function styleSheet(href: string): Promise<void> {
  return new Promise((done, failed) => {
    const tag = document.createElement("link");
    tag.rel = "stylesheet";
    tag.href = href;
    tag.onload = () => done();
    tag.onerror = () => {
      tag.remove();
      failed(new Error(`${href} did not load`));
    };
    document.head.append(tag);
  });
}

function fieldSheet(): Promise<void> {
  sheet ??= styleSheet("./field.css").catch((cause: Error) => {
    sheet = undefined;
    throw cause;
  });
  return sheet;
}

export function lazy<P extends object>(what: string, load: () => Promise<View<P>>): View<P> {
  let loaded: View<P> | undefined;
  let waiting: Promise<View<P>> | undefined;
  const fetchIt = () => {
    waiting ??= Promise.all([load(), fieldSheet()]).then(
      ([view]) => (loaded = view),
      (cause: Error) => {
        waiting = undefined;
        throw cause;
      },
    );
    return waiting;
  };
  return function Lazy(props: P) {
    const state = useSignal<"waiting" | "ready" | "failed">(loaded ? "ready" : "waiting");
    const tries = useSignal(0);
    useEffect(() => {
      let gone = false;
      if (loaded === undefined)
        fetchIt().then(
          () => !gone && (state.value = "ready"),
          () => !gone && (state.value = "failed"),
        );
      return () => {
        gone = true;
      };
    }, [tries.value]);
    if (state.value === "failed")
      return (
        <p class="clip-note" role="status">
          The {what} did not load from the gateway.{" "}
          <button
            type="button"
            onClick={() => {
              state.value = "waiting";
              tries.value += 1;
            }}
          >
            Try again
          </button>
        </p>
      );
    if (loaded === undefined || state.value === "waiting")
      return (
        <div aria-busy="true">
          <span class="skeleton" />
        </div>
      );
    const View = loaded;
    return <View {...props} />;
  };
}
