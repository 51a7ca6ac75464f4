/** The operator's side over HTTP, as `contract/caller.ts` has it. */
import * as v from "valibot";
import { CallerAsk, type CallerDetail, ChatAsk, EndAsk, PhoneAsk, SmsAsk } from "#contract/caller.ts";
import { Count, Id } from "#contract/units.ts";
import type { GatewayContext } from "../context.ts";
import { parseBody, Refusal } from "../http/refusal.ts";
import { Allowance } from "./allowance.ts";
import type { CallerBook } from "./book.ts";
import type { Callers } from "./callers.ts";
import type { OperatorVoice } from "./operator-voice.ts";

const MINUTE_MS = 60_000;
const Listing = v.object({ incident: v.optional(Id) });
const StillSeq = v.pipe(v.string(), v.toNumber(), Count);
type WithId = { Params: { id: string } };

export function addOperatorRoutes(
  context: Pick<GatewayContext, "http" | "sessionOf">,
  { callers, voice, book }: { callers: Callers; voice: OperatorVoice; book: CallerBook },
): void {
  const { http: app, sessionOf } = context;
  const links = new Allowance(20, MINUTE_MS);
  const texts = { person: new Allowance(20, MINUTE_MS), number: new Allowance(3, 10 * MINUTE_MS) };
  const within = (allowance: Allowance, key: string, what: string) => {
    const waitMs = allowance.take(key, Date.now());
    if (waitMs > 0) throw new Refusal(429, `${what}: wait ${Math.ceil(waitMs / 1000)} s`);
  };
  const mayText = (user: string, phone: string) => {
    within(texts.person, user, "too many text messages");
    within(texts.number, phone, "too many text messages to this number");
  };

  app.get("/api/callers", async (request) => {
    sessionOf(request, "dispatch", "reviewer", "pilot");
    return { callers: callers.list(parseBody(Listing, request.query).incident) };
  });
  app.post("/api/callers", async (request, reply) => {
    const { user } = sessionOf(request, "dispatch");
    const ask = parseBody(CallerAsk, request.body ?? {});
    within(links, user, "too many links");
    if (ask.phone !== undefined) mayText(user, ask.phone);
    return reply.status(201).send(callers.make(ask, user));
  });
  app.get<WithId>("/api/callers/:id", async (request): Promise<CallerDetail> => {
    sessionOf(request, "dispatch", "reviewer", "pilot");
    const row = book.get(request.params.id);
    return { caller: book.view(row), messages: book.messages(row) };
  });
  app.post<WithId>("/api/callers/:id/sms", async (request) => {
    const { user } = sessionOf(request, "dispatch");
    const { phone, language } = parseBody(SmsAsk, request.body);
    mayText(user, phone);
    return callers.send(request.params.id, phone, language, user);
  });
  app.post<WithId>("/api/callers/:id/end", async (request) => {
    const { user } = sessionOf(request, "dispatch");
    return callers.close(request.params.id, parseBody(EndAsk, request.body).why, user);
  });
  app.post<WithId>("/api/callers/:id/chat", async (request) => {
    const { user } = sessionOf(request, "dispatch");
    return callers.chat(request.params.id, parseBody(ChatAsk, request.body).text, user);
  });
  app.post<WithId>("/api/callers/:id/ask", async (request) => {
    const { user } = sessionOf(request, "dispatch");
    return callers.ask(request.params.id, parseBody(PhoneAsk, request.body), user);
  });
  app.post<WithId>("/api/callers/:id/talk", async (request) => {
    const { user } = sessionOf(request, "dispatch");
    return voice.talk(request.params.id, user);
  });
  app.delete<WithId>("/api/callers/:id/talk", async (request, reply) => {
    const { user } = sessionOf(request, "dispatch");
    voice.hush(request.params.id, user);
    return reply.status(204).send();
  });
  app.get<WithId>("/api/callers/:id/stills", async (request) => {
    sessionOf(request, "dispatch", "reviewer", "pilot");
    return { stills: book.store.stills(book.get(request.params.id).id) };
  });
  app.get<{ Params: { id: string; seq: string } }>("/api/callers/:id/stills/:seq", async (request, reply) => {
    sessionOf(request, "dispatch", "reviewer", "pilot");
    const jpeg = callers.still(request.params.id, parseBody(StillSeq, request.params.seq));
    if (!jpeg) throw new Refusal(404, `there is no still ${request.params.seq}`, { fix: "it may be past its time" });
    return reply.type("image/jpeg").send(jpeg);
  });
}
