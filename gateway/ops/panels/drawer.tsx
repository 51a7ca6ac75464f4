/** A sheet that stands over the incident, never over the map. It takes the focus when it opens, and gives it back to where it was. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

export function Drawer(props: {
  id: string;
  label: string;
  title: string;
  close: () => void;
  children: ComponentChildren;
}) {
  const { id, label, title, close, children } = props;
  const box = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const mine = box.current;
    mine?.focus({ preventScroll: true });
    return () => {
      const now = document.activeElement;
      if (now === document.body || now === mine || mine?.contains(now)) before?.focus({ preventScroll: true });
    };
  }, []);
  return (
    <section ref={box} id={id} class="drawer" aria-label={label} tabIndex={-1}>
      <header class="drawer-head">
        <h2>{title}</h2>
        <button type="button" class="quiet" onClick={close}>
          Close
        </button>
      </header>
      {children}
    </section>
  );
}
