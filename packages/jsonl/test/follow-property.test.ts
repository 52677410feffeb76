import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type EventFollower, followEvents } from "../src/follow-events.js";

const long = process.env["LOOPS_LONG"] === "1";

/** A log as a writer and its rotator see it: what was written of it is known to the byte. */
class Log {
  readonly path: string;
  readonly #newestIsOne: boolean;
  /** Complete lines so far: what a reader must get, in order. */
  written = 0;
  /** What a reader may take for a gap, although everything was read. */
  losses = 0;
  #rest = "";
  #size = 0;
  #number = 0;

  constructor(folder: string, newestIsOne: boolean) {
    this.path = join(folder, "events.jsonl");
    this.#newestIsOne = newestIsOne;
  }

  /** The next bytes of an endless sequence of lines, however they are cut. */
  append(bytes: number): void {
    while (this.#rest.length < bytes) this.#rest += this.#line(this.written + 1 + this.#rest.split("\n").length - 1);
    this.#put(this.#rest.slice(0, bytes));
    this.#rest = this.#rest.slice(bytes);
  }

  rotate(): void {
    if (!this.endLine()) return;
    this.#makeRoom();
    renameSync(this.path, this.#rotated());
    this.#size = 0;
  }

  /** As tools do that cannot make a writer open its file anew. */
  copyAndTruncate(): void {
    if (!this.endLine() || this.#newestIsOne) return;
    this.#makeRoom();
    copyFileSync(this.path, this.#rotated());
    this.truncate();
  }

  truncate(): void {
    truncateSync(this.path);
    this.losses++;
    this.#size = 0;
  }

  remove(): void {
    unlinkSync(this.path);
    this.losses++;
    this.#size = 0;
  }

  compress(which: number): void {
    const number = 1 + (which % Math.max(1, this.#number));
    const path = `${this.path}.${number}`;
    if (!existsSync(path)) return;
    writeFileSync(`${path}.gz.tmp`, gzipSync(readFileSync(path)));
    renameSync(`${path}.gz.tmp`, `${path}.gz`);
    unlinkSync(path);
  }

  #line(n: number): string {
    const ts = new Date(1.7e12 + n * 1000).toISOString();
    return `${JSON.stringify({ event: "step", ts, id: `id-${n}`, n, pad: "x".repeat((n * 37) % 90) })}\n`;
  }

  #put(text: string): void {
    appendFileSync(this.path, text);
    this.#size += text.length;
    this.written += text.split("\n").length - 1;
  }

  /** Ends the line that was begun. Whether the file has any. */
  endLine(): boolean {
    const end = this.#rest.indexOf("\n") + 1;
    if (this.#size > 0 && end > 0) {
      this.#put(this.#rest.slice(0, end));
      this.#rest = this.#rest.slice(end);
    }
    return this.#size > 0;
  }

  #makeRoom(): void {
    this.#number++;
    if (!this.#newestIsOne) return;
    for (let number = this.#number - 1; number > 0; number--) {
      for (const end of ["", ".gz"]) {
        const from = `${this.path}.${number}${end}`;
        if (existsSync(from)) renameSync(from, `${this.path}.${number + 1}${end}`);
      }
    }
  }

  #rotated(): string {
    return `${this.path}.${this.#newestIsOne ? 1 : this.#number}`;
  }
}

type Step =
  | { readonly do: "append" | "take" | "compress"; readonly count: number }
  | { readonly do: "rotate" | "copyAndTruncate" | "truncate" | "remove" | "resume" };

const steps = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ do: fc.constant("append" as const), count: fc.integer({ min: 1, max: 900 }) }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("take" as const), count: fc.integer({ min: 1, max: 8 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("compress" as const), count: fc.nat(20) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("rotate" as const) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom("copyAndTruncate" as const, "truncate" as const, "remove" as const, "resume" as const),
      }),
    },
  ),
  { minLength: 10, maxLength: 60, size: "max" },
);

async function run(folder: string, newestIsOne: boolean, script: readonly Step[]): Promise<void> {
  const log = new Log(folder, newestIsOne);
  const taken: unknown[] = [];
  let gaps = 0;
  let badLines = 0;
  let follower: EventFollower | undefined;
  const open = (position: string | null) =>
    followEvents(log.path, {
      position,
      rotated: true,
      lingerMs: 0,
      pollIntervalMs: 2,
      signal: AbortSignal.timeout(5000),
    });
  const take = async (upTo: number) => {
    follower ??= open(null);
    while (taken.length < Math.min(upTo, log.written)) {
      const { done, value } = await follower.next();
      if (done === true) throw new Error(`nothing came after ${taken.length} of ${log.written} events`);
      taken.push(value["n"]);
    }
  };
  const leave = async () => {
    await follower?.return();
    gaps += follower?.gaps ?? 0;
    badLines += follower?.badLines ?? 0;
  };
  try {
    for (const step of script) {
      if (step.do === "append") log.append(step.count);
      if (step.do === "compress") log.compress(step.count);
      if (step.do === "rotate") log.rotate();
      if (step.do === "copyAndTruncate") log.copyAndTruncate();
      if (step.do === "take") await take(taken.length + step.count);
      if (step.do === "resume" && follower !== undefined) {
        const { position } = follower;
        await leave();
        follower = open(position);
      }
      // Nobody can know what is deleted unread, so the reader is at the end then.
      if ((step.do === "truncate" || step.do === "remove") && !newestIsOne && log.endLine()) {
        await take(log.written);
        log[step.do]();
      }
    }
    await take(log.written);
  } finally {
    await leave();
  }
  expect(taken).toEqual(Array.from({ length: log.written }, (_, index) => index + 1));
  expect(badLines).toBe(0);
  if (log.losses === 0) expect(gaps).toBe(0);
}

it.each([
  ["the highest number is the newest", false],
  ["1 is the newest", true],
])("nothing is missing, twice or out of order, however a log is written and rotated: %s", async (_how, newestIsOne) => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const folder = mkdtempSync(join(tmpdir(), "loops-follow-property-"));
      try {
        await run(folder, newestIsOne, script);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }),
    { numRuns: long ? 2000 : 40 },
  );
});
