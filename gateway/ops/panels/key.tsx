/** A key cap. Decoration for the eye: the button itself carries `aria-keyshortcuts`. */
export function Key({ children }: { children: string }) {
  return (
    <span class="key" aria-hidden="true">
      {children}
    </span>
  );
}
