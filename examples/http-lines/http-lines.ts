import { type BatchTransport, type BatchTransportOptions, batchTransport, DeliveryError } from "@loops/core";

export interface HttpLinesOptions extends Pick<BatchTransportOptions, "maxQueueItems" | "maxQueueBytes" | "retry"> {
  readonly url: string;
}

/** Posts events as JSON lines, a batch at a time: at least once, in order; `delivered` means answered with 2xx. */
export function httpLinesTransport({ url, ...limits }: HttpLinesOptions): BatchTransport {
  return batchTransport({
    name: "http-lines",
    flushIntervalMs: 200,
    writeTimeoutMs: 2000,
    ...limits,
    async write(batch, { signal }) {
      const headers = { "content-type": "application/x-ndjson" };
      const response = await fetch(url, { method: "POST", headers, body: `${batch.join("\n")}\n`, signal });
      await response.body?.cancel();
      if (!response.ok) throw failure(response.status);
    },
  });
}

/** Says how it failed; core does the rest: tries again, splits the batch, or counts it as refused. */
function failure(status: number): DeliveryError {
  const mayPass = status >= 500 || status === 408 || status === 429;
  // About the content, and the server does not say which line: split until the bad one is alone, and counted.
  const aboutContent = status === 400 || status === 413 || status === 422;
  const kind = aboutContent ? "too-large" : mayPass ? "retry" : "refused";
  return new DeliveryError(`[http-lines] the server answered ${status}`, { kind });
}
