/** What a provider of text messages is to the gateway. */
export interface TextMessage {
  /** The same at every try of one message. */
  id: string;
  /** E.164. */
  to: string;
  text: string;
}

export type SmsOutcome =
  | { kind: "sent" }
  /** Worth another try, after at least `afterS` where the provider says so. */
  | { kind: "again"; why: string; afterS?: number }
  | { kind: "refused"; why: string };

export interface SmsSender {
  send(message: TextMessage, signal: AbortSignal): Promise<SmsOutcome>;
}
