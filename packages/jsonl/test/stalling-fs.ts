import nodeFs from "node:fs";
import type { JsonlFs } from "../src/file-calls.js";

type Callback = (error: Error | null, ...rest: unknown[]) => void;

/** A file system whose asynchronous calls can be made to fail, or to hang until it is healed. */
export interface StallingFs {
  readonly fs: Partial<JsonlFs>;
  fail(): void;
  stall(): void;
  /** What hung is carried out now. */
  heal(): void;
  /** From now on nothing is written any more, and nobody hears of it, as in a process that was killed. */
  crash(): void;
  /** How many calls hang. */
  hanging(): number;
}

const names = ["open", "stat", "fstat", "write", "fdatasync", "rename", "mkdir"] as const;

export function stallingFs(): StallingFs {
  let state: "works" | "fails" | "hangs" | "dead" = "works";
  let held: (() => void)[] = [];
  const wrap =
    (name: (typeof names)[number]) =>
    (...args: unknown[]) => {
      const call = () => (nodeFs[name] as (...args: unknown[]) => void)(...args);
      if (state === "works") call();
      else if (state === "hangs") held.push(call);
      else if (state === "fails") {
        const failed = Object.assign(new Error("EIO: told to fail"), { code: "EIO" });
        setImmediate(args.at(-1) as Callback, failed);
      }
    };
  return {
    fs: Object.fromEntries(names.map((name) => [name, wrap(name)])) as never,
    fail() {
      state = "fails";
    },
    stall() {
      state = "hangs";
    },
    heal() {
      state = "works";
      for (const call of held.splice(0)) call();
    },
    crash() {
      state = "dead";
      held = [];
    },
    hanging: () => held.length,
  };
}
