import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBus, type WireConfig, wireTransports } from "@loops/core";
import { describe, expect, it } from "vitest";
import { createTransport, webhookTransport } from "../src/index.js";
import { atEnd, receiver } from "./sink.js";

async function wire(webhook: unknown) {
  const baseDir = mkdtempSync(join(tmpdir(), "loops-webhook-wire-"));
  const warnings: string[] = [];
  const bus = createBus({ onError() {} });
  atEnd(async () => {
    await bus.close({ timeoutMs: 0 });
    rmSync(baseDir, { recursive: true, force: true });
  });
  const config: WireConfig = { transports: ["webhook"], webhook };
  const load = async () => ({ createTransport });
  const names = await wireTransports(bus, config, { baseDir, import: load, warn: (text) => warnings.push(text) });
  return { bus, names, warnings, baseDir };
}

describe("wiring", () => {
  it.each([undefined, {}, { url: null }, { url: null, batch_ms: 5, headers: {} }])(
    "C-8: without a url it is skipped with a warning, and the rest is wired: %j",
    async (section) => {
      const { names, warnings } = await wire(section);
      expect(names).toEqual([]);
      expect(warnings).toEqual([expect.stringContaining("[webhook] skipped: it has no url")]);
    },
  );

  it("C-2: url, batch_ms and headers are the keys of a file", async () => {
    const target = await receiver();
    const { bus, names } = await wire({ url: target.url, batch_ms: 10, headers: { "X-Team": "a" } });
    expect(names).toEqual(["webhook"]);
    bus.emit({ event: "a" });
    await expect.poll(() => target.accepted.length, { timeout: 900 }).toBe(1);
    expect(target.accepted[0]?.headers["x-team"]).toBe("a");
  });

  it.each([
    [undefined, 4],
    [0, 1],
    [5, 6],
  ])("C-9, W-1: max_retries %s is %i attempts: 3 retries by default, and settable", async (max_retries, attempts) => {
    const target = await receiver();
    target.answer(() => 500);
    const { bus } = await wire({ url: target.url, max_retries, retry_base_ms: 1, batch_ms: 1 });
    bus.emit({ event: "a" });
    await bus.flush();
    expect(target.requests).toHaveLength(attempts);
  });

  it("paths lie below the base directory", async () => {
    const target = await receiver();
    target.answer(() => 400);
    const section = { url: target.url, dead_letter_path: ".ll/letters.jsonl", spool: { max_bytes: 100_000 } };
    const { bus, baseDir } = await wire(section);
    bus.emit({ event: "a" });
    await bus.close();
    expect(existsSync(join(baseDir, "letters.jsonl"))).toBe(true);
    expect(existsSync(join(baseDir, "webhook-spool"))).toBe(true);
  });

  it.each([{ max_retrys: 3 }, { spool: { max_byte: 1 } }, { spool: 7 }, { dead_letter_path: 7 }, { max_retries: -1 }])(
    "what is wrong is refused: %j",
    async (wrong) => {
      await expect(wire({ url: "http://127.0.0.1/", ...wrong })).rejects.toMatchObject({ code: "LOOPS_CONFIG" });
    },
  );
});

describe("options", () => {
  it("W-1: only the url is needed; headers may be left out, and batch time and retries have defaults", async () => {
    const target = await receiver();
    const transport = webhookTransport({ url: new URL(target.url) });
    expect(transport.name).toBe("webhook");
    await transport.close();
  });

  it.each<[string, object]>([
    ["url", { url: "/hook" }],
    ["url", { url: "ws://127.0.0.1/" }],
    ["url", { url: undefined }],
    ["headers", { headers: "a: b" }],
    ["header webhook-id", { headers: { "webhook-id": "1" } }],
    ["header Content-Length", { headers: { "Content-Length": "1" } }],
    ["format", { format: "xml" }],
    ["source", { source: "" }],
    ["splitRefused", { splitRefused: 1 }],
    ["overflow", { overflow: "flush-sync" }],
    ["maxRetries", { maxRetries: -1 }],
    ["maxRetries", { maxRetries: "3" }],
    ["timeoutMs", { timeoutMs: Number.NaN }],
    ["timeoutMs", { timeoutMs: 0 }],
    ["maxBatchItems", { maxBatchItems: 0 }],
    ["transform", { transform: {} }],
    ["transform or format", { transform: () => null, format: "json" }],
    ["onDeadLetter", { onDeadLetter: true }],
    ["deadLetterPath", { deadLetterPath: "" }],
    ["spool", { spool: "path" }],
    ["spool.maxBytes", { spool: { path: "x", maxBytes: 10 } }],
    ["spool.fsync", { spool: { path: "x", fsync: "always" } }],
    ["overflow", { spool: { path: "x" }, overflow: "drop-oldest" }],
    ["did you mean flushIntervalMs?", { flushIntervallMs: 1 }],
    ["did you mean maxBytes?", { spool: { path: "x", maxByte: 10 } }],
  ])("of the wrong kind are refused, and the message names %s", (named, wrong) => {
    const make = () => webhookTransport({ url: "http://127.0.0.1/", ...wrong });
    expect(make).toThrow(expect.objectContaining({ code: "LOOPS_CONFIG", message: expect.stringContaining(named) }));
  });
});
