import { isLoopsError } from "@loops/core";
import * as fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { parseSecrets, signatures } from "./signature.js";
import { verifyWebhook } from "./verify-webhook.js";

const secret = fc
  .uint8Array({ minLength: 24, maxLength: 64 })
  .map((bytes) => `whsec_${Buffer.from(bytes).toString("base64")}`);
const id = fc.string({ minLength: 1, unit: fc.constantFrom(..."abcXYZ019_-") });
/** What the oracle parses after it has verified. */
const body = fc.json();
const offset = fc.integer({ min: -290, max: 290 });

function signedBy(secrets: string | string[], { id, body, ageMs = 0 }: { id: string; body: string; ageMs?: number }) {
  const timestamp = String(Math.floor((Date.now() - ageMs) / 1000));
  const signature = signatures(parseSecrets(secrets), id, timestamp, body);
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return "accepted";
  } catch (error) {
    return isLoopsError(error) ? error.code : String(error);
  }
}

const alice = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const bob = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const message = { id: "msg_1", body: '[{"event":"a"}]' };

describe("a signature", () => {
  it("of ours is accepted by the Standard Webhooks library, and by ours", () => {
    fc.assert(
      fc.property(secret, id, body, offset, (key, id, body, seconds) => {
        const headers = signedBy(key, { id, body, ageMs: seconds * 1000 });
        expect(new Webhook(key).verify(body, headers)).toEqual(JSON.parse(body));
        expect(verifyWebhook({ headers, body, secret: key }).id).toBe(id);
      }),
    );
  });

  it("of the Standard Webhooks library is accepted by ours", () => {
    fc.assert(
      fc.property(secret, id, body, offset, (key, id, body, seconds) => {
        const time = new Date(Math.floor(Date.now() / 1000 + seconds) * 1000);
        const headers = {
          "webhook-id": id,
          "webhook-timestamp": String(time.getTime() / 1000),
          "webhook-signature": new Webhook(key).sign(id, time, body),
        };
        expect(verifyWebhook({ headers, body, secret: key })).toEqual({ id, timestampMs: time.getTime() });
      }),
    );
  });

  it("over anything else is refused by both", () => {
    const change = fc.constantFrom("id", "body", "secret", "time", "signature");
    fc.assert(
      fc.property(secret, secret, id, body, change, (key, otherKey, id, body, what) => {
        fc.pre(key !== otherKey);
        const headers = signedBy(key, { id, body });
        if (what === "id") headers["webhook-id"] += "x";
        if (what === "time") headers["webhook-timestamp"] = String(Number(headers["webhook-timestamp"]) - 1);
        if (what === "signature") headers["webhook-signature"] = headers["webhook-signature"].slice(0, -2);
        const text = what === "body" ? `${body} ` : body;
        const used = what === "secret" ? otherKey : key;
        expect(codeOf(() => verifyWebhook({ headers, body: text, secret: used }))).toBe("LOOPS_SIGNATURE");
        expect(() => new Webhook(used).verify(text, headers)).toThrow();
      }),
    );
  });

  it("by the old or the new of two secrets is accepted while they change, on either side", () => {
    const both = signedBy([alice, bob], message);
    expect(both["webhook-signature"].split(" ")).toHaveLength(2);
    for (const secret of [alice, bob]) {
      expect(verifyWebhook({ headers: both, body: message.body, secret }).id).toBe("msg_1");
      expect(new Webhook(secret).verify(message.body, both)).toEqual([{ event: "a" }]);
      const one = signedBy(secret, message);
      expect(verifyWebhook({ headers: one, body: message.body, secret: [alice, bob] }).id).toBe("msg_1");
    }
  });

  it("of another version is passed over", () => {
    const headers = signedBy(alice, message);
    const both = { ...headers, "webhook-signature": `v1a,abc v2, ${headers["webhook-signature"]}` };
    expect(codeOf(() => verifyWebhook({ headers: both, body: message.body, secret: alice }))).toBe("accepted");
    const none = { ...headers, "webhook-signature": headers["webhook-signature"].replace("v1,", "v2,") };
    expect(codeOf(() => verifyWebhook({ headers: none, body: message.body, secret: alice }))).toBe("LOOPS_SIGNATURE");
  });

  it("is good for five minutes, before and after", () => {
    const at = (ageMs: number, toleranceMs?: number) => {
      const options = { headers: signedBy(alice, message), body: message.body, secret: alice, toleranceMs };
      return codeOf(() => verifyWebhook({ ...options, nowMs: Date.now() + ageMs }));
    };
    expect([at(298_000), at(-298_000), at(302_000), at(-302_000)]).toEqual([
      "accepted",
      "accepted",
      "LOOPS_SIGNATURE",
      "LOOPS_SIGNATURE",
    ]);
    expect(at(5000, 1000)).toBe("LOOPS_SIGNATURE");
  });

  it("is found in Headers, in those of Node, and under names in any case", () => {
    const headers = signedBy(alice, message);
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    const lists = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
    const map = new Map(Object.entries(headers));
    const ofAnotherMake = { get: (name: string) => map.get(name.toLowerCase()) ?? null };
    for (const form of [headers, new Headers(headers), upper, lists, ofAnotherMake]) {
      const bytes = Buffer.from(message.body);
      expect(verifyWebhook({ headers: form, body: bytes, secret: alice }).id).toBe("msg_1");
    }
  });

  it.each(["webhook-id", "webhook-timestamp", "webhook-signature"])("is refused without %s", (name) => {
    const headers = { ...signedBy(alice, message), [name]: undefined };
    expect(codeOf(() => verifyWebhook({ headers, body: message.body, secret: alice }))).toBe("LOOPS_SIGNATURE");
  });

  it.each(["", "soon", "1e9", "-5", "99999999999999999"])("is refused with the time %j", (time) => {
    const headers = { ...signedBy(alice, message), "webhook-timestamp": time };
    expect(codeOf(() => verifyWebhook({ headers, body: message.body, secret: alice }))).toBe("LOOPS_SIGNATURE");
  });

  it("does not lend itself to another id, time and body by moving the full stops between them", () => {
    const soon = String(Math.floor(Date.now() / 1000));
    const signed = signedBy(alice, { id: "msg_1", body: `${soon}.pay`, ageMs: 3_600_000 });
    const moved = { ...signed, "webhook-id": `msg_1.${signed["webhook-timestamp"]}`, "webhook-timestamp": soon };
    expect(codeOf(() => verifyWebhook({ headers: moved, body: "pay", secret: alice }))).toBe("LOOPS_SIGNATURE");
  });

  it.each<[string, object | undefined]>([
    ["a parsed body", { body: [{ event: "a" }] }],
    ["no headers", { headers: undefined }],
    ["raw headers", { headers: ["webhook-id", "msg_1"] }],
    ["a clock that is none, which would make every message young", { nowMs: Number.NaN }],
    ["a tolerance that is none", { toleranceMs: Number.NaN }],
    ["a misspelled option", { toleranceMS: 1000 }],
    ["nothing", undefined],
  ])("is not looked at with %s: that is a mistake of the receiver", (_, wrong) => {
    const options = wrong && { headers: signedBy(alice, message), body: message.body, secret: alice, ...wrong };
    expect(codeOf(() => verifyWebhook(options as never))).toBe("LOOPS_CONFIG");
  });
});

describe("a secret", () => {
  it.each([
    ["short", "whsec_c2hvcnQ="],
    ["no base64", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!"],
    ["cut off", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"],
    ["empty", ""],
  ])("that is %s is refused, and not shown", (_, secret) => {
    expect(codeOf(() => parseSecrets(secret))).toBe("LOOPS_CONFIG");
    try {
      parseSecrets([alice, secret]);
    } catch (error) {
      expect(String(error)).not.toContain(secret.slice(6) || "nothing to be seen");
    }
  });

  it("is missing from an empty list", () => {
    expect(codeOf(() => verifyWebhook({ headers: {}, body: "", secret: [] }))).toBe("LOOPS_CONFIG");
  });

  it("may come without its prefix", () => {
    const headers = signedBy(alice, message);
    expect(codeOf(() => verifyWebhook({ headers, body: message.body, secret: alice.slice(6) }))).toBe("accepted");
  });
});
