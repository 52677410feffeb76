/** Sends one encoded request to an OTLP endpoint. */
export interface Sender {
  /**
   * Resolves with the body of the answer when the endpoint has taken the request.
   *
   * @throws DeliveryError that says how it failed
   */
  send(body: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** Releases its connections. */
  close(): void;
}

/** Answers are a few bytes; what is longer is no answer to an export. */
export const maxAnswerBytes = 1_048_576;
