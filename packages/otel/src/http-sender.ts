import * as http from "node:http";
import * as https from "node:https";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { DeliveryError, type DeliveryErrorKind } from "@loops/core";
import type { OtlpTarget } from "./otlp-target.js";
import { maxAnswerBytes, type Sender } from "./sender.js";

const compress = promisify(gzip);

/** An endpoint that asks for a longer pause is asked again all the same. */
const maxPauseMs = 60_000;

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

/** OTLP over HTTP, one request at a time on one connection. @see https://opentelemetry.io/docs/specs/otlp/#otlphttp */
export function httpSender({ url, headers, protocol, compression, tls }: OtlpTarget): Sender {
  const isSecure = url.protocol === "https:";
  const agent = isSecure
    ? new https.Agent({ keepAlive: true, maxSockets: 1, ...tls })
    : new http.Agent({ keepAlive: true, maxSockets: 1 });
  const request = isSecure ? https.request : http.request;
  const type = protocol === "http/json" ? "application/json" : "application/x-protobuf";

  const post = (body: Uint8Array, signal: AbortSignal): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = {
        method: "POST",
        agent,
        signal,
        headers: {
          "user-agent": "loops-otel",
          ...headers,
          "content-type": type,
          "content-length": body.byteLength,
          ...(compression && { "content-encoding": compression }),
        },
      };
      request(url, options, (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > maxAnswerBytes) response.destroy(new Error(`an answer of over ${maxAnswerBytes} bytes`));
          else chunks.push(chunk);
        });
        response.on("error", reject);
        response.on("end", () => {
          const { statusCode: status = 0, headers: answered } = response;
          resolve({ status, retryAfter: answered["retry-after"], body: Buffer.concat(chunks) });
        });
      })
        // A request under way keeps no process alive: how long that may wait for it, the exit guard knows.
        .on("socket", (socket) => socket.unref())
        .on("error", reject)
        .end(body);
    });

  return {
    async send(encoded, signal) {
      const body = compression === "gzip" ? await compress(encoded) : encoded;
      let answer: Answer;
      try {
        answer = await post(body, signal);
      } catch (cause) {
        throw new DeliveryError(`[otel] ${place(url)} could not be reached: ${reason(cause)}`, {
          kind: "retry",
          cause,
        });
      }
      if (answer.status < 200 || answer.status > 299) throw refusal(url, answer);
      return answer.body;
    },
    close: () => agent.destroy(),
  };
}

/** A refused connection to a name with several addresses is an error without a message of its own. */
function reason(cause: unknown): string {
  const { message, code } = cause as { message?: string; code?: string };
  return message || code || "no answer";
}

/** Which answers may pass, the specification says; a request that is wrong is split until its wrong span is alone. */
function refusal(url: URL, { status, retryAfter, body }: Answer): DeliveryError {
  const kind = kindOf(status);
  const said = kind === "retry" ? "" : `: ${printable(body)}`;
  const retryAfterMs = kind === "retry" ? pauseOf(retryAfter) : undefined;
  return new DeliveryError(`[otel] ${place(url)} answered ${status}${said}`, { kind, retryAfterMs });
}

function kindOf(status: number): DeliveryErrorKind {
  if ([408, 429, 502, 503, 504].includes(status)) return "retry";
  return [400, 413, 422].includes(status) ? "too-large" : "refused";
}

/** Without what is secret in it: a user and a password, a token in the query. */
function place({ origin, pathname }: URL): string {
  return origin + pathname;
}

/** What `Retry-After` asks for in milliseconds, at most a minute: seconds, or a date. `undefined` where it asks for nothing. */
export function pauseOf(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  const ms = /^\d+$/.test(retryAfter.trim()) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return ms >= 0 ? Math.min(ms, maxPauseMs) : undefined;
}

/** What a server says of a refusal is a status message in protobuf: its text is readable in it. */
function printable(body: Buffer): string {
  const text = body
    .toString("utf8")
    .replace(/[^\P{C}\n]/gu, " ")
    .trim();
  return text === "" ? "no reason given" : text.slice(0, 200);
}
