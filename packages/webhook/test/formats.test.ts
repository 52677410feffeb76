import { type CloudEvent, HTTP } from "cloudevents";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { type DeadLetter, fromCloudEvent, verifyWebhook } from "../src/index.js";
import { numbersOf, receiver, sinkTo, upTo } from "./sink.js";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const newSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

describe("a request", () => {
  it("W-6: bears the headers of Standard Webhooks, which the library of that name accepts for each attempt", async () => {
    const target = await receiver();
    target.answer(() => (target.requests.length < 3 ? 500 : 204));
    const { bus, emit } = sinkTo(target.url, { secret: [newSecret, secret] });
    emit(3);
    await bus.close();
    expect(target.requests).toHaveLength(3);
    for (const { headers, body, id } of target.requests) {
      for (const one of [secret, newSecret]) {
        expect(numbersOf(new Webhook(one).verify(body, headers as never) as never)).toEqual([0, 1, 2]);
        expect(verifyWebhook({ headers, body, secret: one }).id).toBe(id);
      }
    }
  });

  it("has an id and a time without a secret, too, and no signature", async () => {
    const target = await receiver();
    const { bus, emit } = sinkTo(target.url);
    emit(1);
    await bus.close();
    const headers = { ...target.requests[0]?.headers };
    expect(headers["webhook-id"]).toMatch(/^msg_/);
    expect(Math.abs(Number(headers["webhook-timestamp"]) - Date.now() / 1000)).toBeLessThan(5);
    expect(headers["webhook-signature"]).toBeUndefined();
  });
});

describe("the format", () => {
  it("ndjson is an event per line", async () => {
    const target = await receiver();
    const { bus, emit } = sinkTo(target.url, { format: "ndjson" });
    emit(3);
    await bus.close();
    const [request] = target.requests;
    expect(request?.headers["content-type"]).toBe("application/x-ndjson");
    const lines = request?.body.split("\n") ?? [];
    expect(lines.pop()).toBe("");
    expect(numbersOf(lines.map((line) => JSON.parse(line)))).toEqual([0, 1, 2]);
  });

  it("cloudevents is a batch that the CloudEvents SDK reads, and fromCloudEvent gives the events back", async () => {
    const target = await receiver();
    const { bus, emit } = sinkTo(target.url, { format: "cloudevents", source: "/ci/loops" });
    const emitted: unknown[] = [];
    bus.on((event) => emitted.push(event));
    emit(3);
    bus.emit({ event: "", id: "", ts: "yesterday" });
    await bus.close();
    const [request] = target.requests;
    expect(request?.headers["content-type"]).toMatch(/^application\/cloudevents-batch\+json/);
    const read = HTTP.toEvent({ headers: request?.headers as never, body: request?.body }) as CloudEvent<unknown>[];
    expect(read).toHaveLength(4);
    for (const one of read) expect(one.validate()).toBe(true);
    expect(read[0]).toMatchObject({ specversion: "1.0", type: "step", source: "/ci/loops", data: { n: 0 } });
    expect(JSON.parse(request?.body ?? "").map(fromCloudEvent)).toEqual(emitted);
  });
});

describe("compression", () => {
  it("is for bodies of so many bytes; what is signed is the body itself, also when it is sent again", async () => {
    const target = await receiver();
    target.answer(() => (target.requests.length === 2 ? 500 : 204));
    const { bus, emit } = sinkTo(target.url, { gzipMinBytes: 500, secret });
    emit(1);
    await bus.flush();
    emit(100, 1);
    await bus.close();
    expect(target.requests.map(({ headers }) => headers["content-encoding"])).toEqual([undefined, "gzip", "gzip"]);
    expect(numbersOf(target.events())).toEqual(upTo(101));
    for (const { headers, body } of target.requests) verifyWebhook({ headers, body, secret });
    const [, compressed] = target.requests;
    expect(Number(compressed?.headers["content-length"])).toBeLessThan((compressed?.body.length ?? 0) / 3);
  });
});

describe("transform", () => {
  it("makes the body: a text as it is, an object as JSON, once for a batch however often it is sent", async () => {
    const target = await receiver();
    target.answer(() => (target.requests.length < 3 ? 500 : 204));
    let calls = 0;
    const { bus, emit } = sinkTo(target.url, {
      transform: (events) => ({ text: `${events.length} events, call ${++calls}` }),
    });
    emit(3);
    expect((await bus.close()).ok).toBe(true);
    expect(target.requests.map(({ body }) => body)).toEqual(Array(3).fill('{"text":"3 events, call 1"}'));
    const plain = sinkTo(target.url, { transform: () => "payload=1", headers: { "content-type": "text/plain" } });
    plain.emit(1);
    await plain.bus.close();
    expect(target.requests.at(-1)).toMatchObject({ body: "payload=1", headers: { "content-type": "text/plain" } });
  });

  it("skips a batch with null: nothing is sent, and the events are counted as dropped", async () => {
    const target = await receiver();
    const { bus, emit, stats, errors } = sinkTo(target.url, {
      maxBatchItems: 2,
      transform: (events) => (events.some(({ n }) => n === 3) ? null : [...events]),
    });
    emit(6);
    const report = await bus.flush();
    expect(report.ok).toBe(true);
    expect(stats()).toMatchObject({ received: 6, delivered: 4, dropped: { skipped: 2 } });
    expect(numbersOf(target.events())).toEqual([0, 1, 4, 5]);
    expect(errors).toEqual([]);
  });

  it.each<[string, () => never]>([
    [
      "throws",
      () => {
        throw new Error("no such channel");
      },
    ],
    ["returns nothing", () => undefined as never],
    ["returns a promise", () => Promise.resolve("") as never],
    ["returns a promise that is rejected", () => Promise.reject(new Error("no such channel")) as never],
    ["returns form data", () => new URLSearchParams({ text: "done" }) as never],
    ["returns bytes", () => Buffer.from("done") as never],
    [
      "returns what JSON cannot say",
      () => {
        const cycle: { self?: object } = {};
        cycle.self = cycle;
        return cycle as never;
      },
    ],
  ])("that %s makes dead letters of the batch, and the next one goes on", async (_, fails) => {
    const target = await receiver();
    const letters: DeadLetter[] = [];
    let calls = 0;
    const { bus, emit, stats } = sinkTo(target.url, {
      maxBatchItems: 2,
      transform: (events) => (++calls === 1 ? fails() : [...events]),
      onDeadLetter: (letter) => letters.push(letter),
    });
    emit(4);
    await bus.close();
    expect(numbersOf(target.events())).toEqual([2, 3]);
    expect(letters.map(({ events }) => numbersOf(events))).toEqual([[0, 1]]);
    expect(String(letters[0]?.error)).toContain("transform failed");
    expect(stats()).toMatchObject({ delivered: 2, dropped: { "dead-letter": 2 } });
  });
});
