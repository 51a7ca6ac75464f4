/** Signing in. Says what went wrong and what to do. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../api.ts";
import { wakeAudio } from "../sound.ts";
import { session, signedOutBecause } from "../state/store.ts";

export function LoginPage() {
  const user = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const problem = useSignal<string | undefined>(undefined);
  const waiting = useSignal(false);
  useEffect(() => user.current?.focus(), []);

  const signIn = async (event: Event) => {
    event.preventDefault();
    const login = { user: user.current!.value.trim().toLowerCase(), password: password.current!.value };
    if (login.user === "" || login.password === "") {
      problem.value = "Give both your name and your password.";
      (login.user === "" ? user : password).current?.focus();
      return;
    }
    waiting.value = true;
    void wakeAudio();
    const answer = await api.login(login);
    waiting.value = false;
    if (answer.ok) {
      signedOutBecause.value = undefined;
      session.value = answer.value;
      return;
    }
    problem.value =
      answer.status === 401
        ? "That name and password do not belong together. Try again."
        : answer.status === 429
          ? "Too many tries. Wait a minute, then try again."
          : `Signing in failed: ${answer.error}.`;
    password.current?.select();
  };

  return (
    <main class="login">
      <form class="login-card" onSubmit={(event) => void signIn(event)} aria-labelledby="login-title">
        <svg viewBox="0 0 32 32" width="2.75rem" height="2.75rem" aria-hidden="true">
          <g fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round">
            <path d="M10.6 18.2a6.4 6.4 0 0 1 10.8 0" />
            <path d="M6.6 14.6a11.4 11.4 0 0 1 18.8 0" />
          </g>
          <circle cx="16" cy="23" r="2.6" fill="currentColor" />
        </svg>
        <h1 id="login-title">Tocsin</h1>
        <p class="faint">Ops console. What you do here is recorded under your name.</p>
        {signedOutBecause.value && <p class="hint">{signedOutBecause.value}</p>}
        <label>
          Name
          <input ref={user} name="user" autocomplete="username" autocapitalize="none" spellcheck={false} required />
        </label>
        <label>
          Password
          <input ref={password} name="password" type="password" autocomplete="current-password" required />
        </label>
        <p class="login-problem" role="alert">
          {problem.value}
        </p>
        <button type="submit" class="primary" disabled={waiting.value}>
          {waiting.value ? "Signing in …" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
