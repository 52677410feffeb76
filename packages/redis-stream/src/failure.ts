import { DeliveryError, type DeliveryErrorKind, errorMessage } from "@loops/core";
import { isReplyError } from "./connection.js";

/** What the errors of Redis mean for who writes, by their first word, and what a person can do. */
const known: Readonly<Record<string, readonly [kind: DeliveryErrorKind, advice: string]>> = {
  OOM: ["retry", "raise maxmemory, or lower maxLen"],
  LOADING: ["retry", "it is still reading its data"],
  READONLY: ["retry", "this is a replica: write to the primary"],
  MASTERDOWN: ["retry", "a replica without its primary"],
  NOREPLICAS: ["retry", "see min-replicas-to-write"],
  MISCONF: ["retry", "it cannot write to its disk"],
  BUSY: ["retry", "a script holds it up"],
  CLUSTERDOWN: ["retry", "the cluster does not work"],
  TRYAGAIN: ["retry", "slots are being moved"],
  MOVED: ["retry", "this is a Redis Cluster: give an ioredis Cluster as client"],
  ASK: ["retry", "this is a Redis Cluster: give an ioredis Cluster as client"],
  WRONGTYPE: ["disable", "the key holds something that is no stream: choose another stream, or delete it"],
  NOPERM: ["disable", "the user may not do this: grant +xadd for the stream's keys"],
  NOAUTH: ["disable", "give user and password in the URL"],
  WRONGPASS: ["disable", "correct user and password in the URL"],
};

/** An error of a write as what the delivery queue understands. */
export function deliveryError(error: unknown, what: string): DeliveryError {
  const reply = replyOf(error);
  const message = reply?.message.trim() ?? "";
  const [kind, advice] = known[codeOf(message)] ?? tooLargePerhaps;
  // Whatever else has gone wrong, the connection has: the next attempt makes another one.
  if (reply === undefined || (reply !== error && kind === "too-large")) {
    return new DeliveryError(errorMessage(error), { kind: "retry", cause: error });
  }
  return new DeliveryError(`[redis-stream] ${what}: ${message}; ${advice}`, { kind, cause: error });
}

/** About the content, most likely: an event over a limit of the server. Halved until the one is alone. */
const tooLargePerhaps = ["too-large", "the batch is halved, to find out which event it is"] as const;

/** What the server has answered, also where that was the reason why there is no connection. */
function replyOf(error: unknown): Error | undefined {
  if (isReplyError(error)) return error;
  const { cause } = (error ?? {}) as { cause?: unknown };
  return isReplyError(cause) ? cause : undefined;
}

/** The first word; before version 7 an error inside a script had a sentence around it. */
function codeOf(message: string): string {
  // Before version 7.2 this one has no word of its own.
  if (message.includes("user executing the script can't run")) return "NOPERM";
  const inner = /^ERR Error running script.*?: @user_script: ?\d+: -?([A-Z]+) /.exec(message)?.[1];
  return inner ?? message.split(" ", 1)[0] ?? "";
}
