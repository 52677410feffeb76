import fs, { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createLayout } from "./layout.js";
import { claim, livingOwner, readOwners, removeOwner } from "./owner.js";
import type { StoreContext } from "./store-context.js";

let context: StoreContext;

beforeEach(() => {
  const dir = mkdtempSync(join(tmpdir(), "fsm-owner-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  context = { fs, layout: createLayout(dir), durable: false, seen: new Map(), warn: () => undefined };
  mkdirSync(context.layout.running);
});

const nothing = () => null;
const take = (read: () => { readonly epoch: number } | null = nothing) => claim(context, "loop", "R1", read);
const owned = expect.objectContaining({ code: "LOOPS_RUN_OWNED" });

/** Reads what is on record; what happens meanwhile happens during the first read, before the file is made. */
function meanwhile(happens: () => void, epoch = 0) {
  let reads = 0;
  return () => {
    reads += 1;
    if (reads === 1) happens();
    return { epoch };
  };
}

describe("claim", () => {
  it("takes what nobody owns, with an epoch above every one on record", () => {
    expect(take().epoch).toBe(1);
    expect(livingOwner(readOwners(context, "loop"))?.owner.pid).toBe(process.pid);
    removeOwner(context, context.layout.owner("loop", 1));
    expect(take(() => ({ epoch: 7 })).epoch).toBe(8);
  });

  it("loses to one that was quicker, and leaves its file as it is", () => {
    let winner = "";
    const read = meanwhile(() => {
      winner = take().path;
    });
    expect(() => take(read)).toThrow(owned);
    expect(readdirSync(context.layout.running)).toEqual(["loop.owner.1"]);
    expect(existsSync(winner)).toBe(true);
  });

  it("goes above one that came, committed and left while it was looking", () => {
    let committed = 0;
    let reads = 0;
    const read = () => {
      reads += 1;
      const record = { epoch: committed };
      if (reads === 1) {
        removeOwner(context, take().path);
        committed = 1;
      }
      return record;
    };
    expect(take(read).epoch).toBe(2);
    expect(readdirSync(context.layout.running)).toEqual(["loop.owner.2"]);
  });

  it("gives way to a newer owner that removed the file it looked at", () => {
    const read = meanwhile(() => take(() => ({ epoch: 5 })));
    expect(() => take(read)).toThrow(owned);
    expect(readdirSync(context.layout.running)).toEqual(["loop.owner.6"]);
  });

  it("leaves nothing behind where what is on record cannot be read any more", () => {
    let reads = 0;
    const read = () => {
      reads += 1;
      if (reads === 2) throw new Error("gone");
      return null;
    };
    expect(() => take(read)).toThrow("gone");
    expect(readdirSync(context.layout.running)).toEqual([]);
  });
});
