import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ItemQueue } from "./item-queue.js";

describe("ItemQueue", () => {
  it("gives out what was put in, in order, however puts and takes are mixed", async () => {
    const moves = fc.array(fc.constantFrom("put", "take"), { maxLength: 3000, size: "max" });
    await fc.assert(
      fc.asyncProperty(moves, async (list) => {
        const queue = new ItemQueue<number>(10, () => {});
        const taken: Promise<IteratorResult<number, undefined>>[] = [];
        let put = 0;
        for (const move of list) {
          if (move === "put") queue.push(put++);
          else taken.push(queue.take());
        }
        queue.end();
        const results = await Promise.all(taken);
        const values = results.filter(({ done }) => done !== true).map(({ value }) => value);
        expect(values).toEqual(Array.from({ length: Math.min(put, taken.length) }, (_, n) => n));
        expect(queue.size).toBe(put - values.length);
      }),
      { numRuns: 50 },
    );
  });

  it("is not full any more when it was cleared", () => {
    const queue = new ItemQueue<number>(2, () => {});
    queue.push(1);
    queue.push(2);
    expect(queue.full).toBe(true);
    queue.clear();
    expect(queue.full).toBe(false);
  });

  it("is full at its bound, and says that there is room once half is read", async () => {
    let told = 0;
    const queue = new ItemQueue<number>(4, () => told++);
    for (let n = 0; n < 4; n++) queue.push(n);
    expect(queue.full).toBe(true);
    await queue.take();
    expect([queue.full, told]).toEqual([true, 0]);
    await queue.take();
    expect([queue.full, told]).toEqual([false, 1]);
  });

  it("ends with what was put in, then with its error, once", async () => {
    const queue = new ItemQueue<number>(4, () => {});
    const first = queue.take();
    queue.push(1);
    queue.push(2);
    queue.end(new Error("gone"));
    queue.push(3);
    expect(await first).toEqual({ done: false, value: 1 });
    expect(await queue.take()).toEqual({ done: false, value: 2 });
    await expect(queue.take()).rejects.toThrow("gone");
    expect(await queue.take()).toEqual({ done: true, value: undefined });
  });

  it("its end reaches whoever waits: the first with the error, the others with the end", async () => {
    const queue = new ItemQueue<number>(4, () => {});
    const waiting = [queue.take(), queue.take()];
    queue.end(new Error("gone"));
    await expect(waiting[0]).rejects.toThrow("gone");
    expect(await waiting[1]).toEqual({ done: true, value: undefined });
  });
});
