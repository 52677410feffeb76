import { isHeld } from "./owner.js";
import { readRows } from "./run-rows.js";
import type { StoreContext } from "./store-context.js";

/** PostgreSQL and SQLite take some ten thousand parameters. */
const maxIds = 1000;

/** Which runs somebody has who lives: one query for all the questions that are asked at once, as a list of runs does. */
export class HeldRuns {
  readonly #context: StoreContext;
  #asked: { readonly ids: Set<string>; readonly answer: Promise<ReadonlySet<string>> } | undefined;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async has(runId: string): Promise<boolean> {
    if (this.#asked === undefined || this.#asked.ids.size >= maxIds) {
      const ids = new Set<string>();
      this.#asked = { ids, answer: this.#ask(ids) };
    }
    this.#asked.ids.add(runId);
    return (await this.#asked.answer).has(runId);
  }

  async #ask(ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    // Whoever asks in this turn is answered with it; later questions may have other answers.
    await Promise.resolve();
    if (this.#asked?.ids === ids) this.#asked = undefined;
    return this.#context.read("who has which run", async (opened, observer) => {
      const rows = await readRows(opened, { runIds: [...ids], archived: false });
      return new Set(rows.filter((row) => isHeld(row, observer)).map((row) => row.run_id));
    });
  }
}
