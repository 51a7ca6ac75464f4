/** The orders to a drone, and the second act of those that need one. */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Order } from "../../flight-orders.ts";
import { flightBusy, flightSaid, orders, press, pressChoice, pressReason, weighing } from "../../state/flight.ts";
import { Key } from "../key.tsx";
import { FreeReason, ReasonList, useAsking } from "../reasons.tsx";

/** Ids of the page's elements that the keys lead to. */
export const FREE_REASON = "flight-reason";

const cap = (key: string) => (key === key.toLowerCase() ? key.toUpperCase() : `⇧ ${key}`);
const shortcut = (key: string) => (key === key.toLowerCase() ? key : `Shift+${key}`);

function SecondAct() {
  const { order } = weighing.value!;
  const second = order.second!;
  const { free, form } = useAsking(pressReason, [order.id, order.to]);
  return (
    <form class="second" aria-label={order.label} aria-describedby="second-ask" {...form}>
      <p class="second-ask" id="second-ask">
        {second.ask}
      </p>
      <ReasonList
        reasons={second.choices}
        keys
        look={second.why ? "" : "is-certain"}
        take={(_, index) => pressChoice(index)}
      />
      {second.why && <FreeReason field={free} label={order.label} inputId={FREE_REASON} />}
      <button type="button" class="quiet second-off" onClick={() => (weighing.value = undefined)}>
        Cancel <Key>Esc</Key>
      </button>
    </form>
  );
}

function OrderButton({ order }: { order: Order }) {
  const { id, label, key, tone, refused } = order;
  return (
    <button
      type="button"
      class={`act order is-${id}${tone === undefined ? "" : ` tone-${tone}`}`}
      {...(key !== undefined && { "aria-keyshortcuts": shortcut(key) })}
      {...(refused !== undefined && { "aria-describedby": "orders-refused" })}
      disabled={refused !== undefined}
      onClick={() => press(order)}
    >
      {label} {key !== undefined && <Key>{cap(key)}</Key>}
    </button>
  );
}

/** `Take over needs the role pilot ...`: one line a reason, with all that it stops. */
function refusedLines(all: readonly Order[]): string[] {
  const byWhy = new Map<string, string[]>();
  for (const { label, refused } of all) {
    if (refused !== undefined) byWhy.set(refused, [...(byWhy.get(refused) ?? []), label]);
  }
  return [...byWhy].map(([why, labels]) => `${labels.join(", ")}: ${why}.`);
}

export function FlightOrders() {
  const box = useRef<HTMLDivElement>(null);
  const wasWeighing = useRef(false);
  const now = weighing.value !== undefined;
  useLayoutEffect(() => {
    if (wasWeighing.current && !now) box.current?.focus({ preventScroll: true });
    wasWeighing.current = now;
  }, [now]);
  const all = orders.value;
  const stop = all.find(({ id }) => id === "stop");
  const rest = all.filter(({ id }) => id !== "stop");
  const lines = refusedLines(all);
  return (
    <div ref={box} class="orders" tabIndex={-1} data-busy={flightBusy.value > 0}>
      {now ? (
        <SecondAct />
      ) : (
        <div class="orders-list">
          {rest.map((order) => (
            <OrderButton key={`${order.id}${order.to ?? ""}`} order={order} />
          ))}
        </div>
      )}
      {stop !== undefined && <OrderButton order={stop} />}
      {lines.length > 0 && (
        <p class="hint" id="orders-refused">
          {lines.join(" ")}
        </p>
      )}
      <p class={`said${flightSaid.value?.failed ? " has-failed" : ""}`} role="status">
        {flightSaid.value?.text}
      </p>
    </div>
  );
}
