import { LoopsError } from "@loops/core";
import { describe, expect, it } from "vitest";
import { deliveryError } from "./failure.js";

const reply = (message: string) => Object.assign(new Error(message), { name: "ReplyError" });

describe("an error of Redis", () => {
  it.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", "retry"],
    ["READONLY You can't write against a read only replica.", "retry"],
    ["LOADING Redis is loading the dataset in memory", "retry"],
    ["MOVED 3999 127.0.0.1:6381", "retry"],
    ["CLUSTERDOWN The cluster is down", "retry"],
    ["BUSY Redis is busy running a script.", "retry"],
    ["NOREPLICAS Not enough good replicas to write.", "retry"],
    ["MISCONF Errors writing to the AOF file: No space left on device", "retry"],
    ["WRONGTYPE Operation against a key holding the wrong kind of value", "disable"],
    ["NOPERM this user has no permissions to run the 'xadd' command", "disable"],
    ["ERR The user executing the script can't run this command or subcommand script: 5", "disable"],
    ["NOAUTH Authentication required.", "disable"],
    ["WRONGPASS invalid username-password pair or user is disabled.", "disable"],
    ["ERR Protocol error: invalid bulk length", "too-large"],
    ["ERR max request size exceeded", "too-large"],
    // Of a script, before version 7.
    ["ERR Error running script (call to f_0e): @user_script:7: OOM command not allowed", "retry"],
    ["ERR Error running script (call to f_0e): @user_script: 7: -WRONGTYPE Operation against", "disable"],
  ])("%s: %s", (message, kind) => {
    const error = deliveryError(reply(message), "3 events for maf:events");
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(/^\[redis-stream\] 3 events for maf:events: /);
    expect(error.message).toContain(message);
  });

  it("that was the reason why there is no connection says what it would say on one", () => {
    const error = new LoopsError("LOOPS_REDIS_CONNECTION", "[redis-stream] no", { cause: reply("WRONGPASS no") });
    expect(deliveryError(error, "x").kind).toBe("disable");
  });

  it("is retried where it is none of Redis", () => {
    const error = deliveryError(new LoopsError("LOOPS_REDIS_CONNECTION", "[redis-stream] away"), "x");
    expect([error.kind, error.message]).toEqual(["retry", "[redis-stream] away"]);
  });
});
