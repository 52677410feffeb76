import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readModelAnswer } from "./model-answer.js";

const answer = { verdict: "no", confidence: 0.8, reason: 'a "brace" } in text' };
const json = JSON.stringify(answer);

describe("readModelAnswer", () => {
  it.each([
    ["alone", ` ${json}\n`],
    ["over several lines", JSON.stringify(answer, null, 2)],
    ["as the last of several lines", `{"type":"progress"}\n${json}`],
    ["in a fenced block", `Here:\n\`\`\`json\n${json}\n\`\`\`\n`],
    ["in the last of several blocks", `\`\`\`\n{}\n\`\`\`\n\`\`\`\n${json}\n\`\`\`\nDone.`],
    ["between words", `I looked {carefully} and found ${json} at last.`],
    ["behind an opening that never ends", `{ and then ${json}`],
    ["in an envelope, as text", JSON.stringify({ type: "result", is_error: false, result: json })],
    ["in an envelope, as fenced text", JSON.stringify({ result: `\`\`\`json\n${json}\n\`\`\`` })],
    ["in an envelope, as an object", JSON.stringify({ result: answer })],
    ["in an envelope, structured", JSON.stringify({ result: "done", structured_output: answer })],
    ["in an envelope on the last line", `{"type":"init"}\n${JSON.stringify({ type: "result", result: json })}`],
  ])("finds the answer %s", (_where, text) => {
    expect(readModelAnswer(text)).toEqual({ kind: "answer", value: answer });
  });

  it("an answer with fields that an envelope has too is an answer", () => {
    const odd = { verdict: "yes", result: "{}", is_error: true };
    expect(readModelAnswer(JSON.stringify(odd))).toEqual({ kind: "answer", value: odd });
  });

  it.each([
    [{ is_error: true, result: "over quota" }, "over quota"],
    [{ is_error: true }, "failed"],
    [{ subtype: "error_max_structured_output_retries", result: json }, "schema"],
  ])("tells that the program failed: %j", (envelope, reason) => {
    expect(readModelAnswer(JSON.stringify(envelope))).toEqual({
      kind: "failed",
      reason: expect.stringContaining(reason),
    });
  });

  it.each([
    "",
    "no",
    "[1]",
    "{oops}",
    '{"result": ""}',
    '{"result": "yes"}',
    '{"result": null}',
    '{"subtype": "success"}',
  ])("%j cannot be read", (text) => {
    expect(readModelAnswer(text)).toMatchObject({ kind: "unreadable" });
  });

  it("never throws, and finds any object between words without braces", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]"\\`\n:,a1 ') }), (text) => void readModelAnswer(text)),
    );
    const words = fc.string({ unit: fc.constantFrom("a", " ", "\n", "`", ".", "[", '"') });
    fc.assert(
      fc.property(words, fc.dictionary(fc.string(), fc.jsonValue()), words, (before, value, after) => {
        const said = { verdict: "yes", value };
        const odd = before.includes("```") || after.includes("```");
        fc.pre(!odd);
        expect(readModelAnswer(`${before}\n${JSON.stringify(said)}\n${after}`)).toEqual({
          kind: "answer",
          value: JSON.parse(JSON.stringify(said)),
        });
      }),
    );
  });

  it("gives up on a megabyte of openings, which only a bound can", () => {
    expect(readModelAnswer("{".repeat(1_000_000))).toMatchObject({ kind: "unreadable" });
    expect(readModelAnswer('{"a'.repeat(500_000))).toMatchObject({ kind: "unreadable" });
  });
});
