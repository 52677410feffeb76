import { describe, expect, it } from "vitest";
import { request, resultOf, withEffects } from "../../test/evaluators/support.js";
import type { LlmDefinition, LlmStructuredConfig } from "../definition/types.js";
import { evaluate } from "./evaluate.js";
import type { AskModel, ModelQuestion } from "./evaluation.js";
import { ModelError } from "./model-error.js";

interface Asking {
  readonly config?: Omit<LlmStructuredConfig, "type">;
  readonly output?: string;
  readonly llm?: Partial<LlmDefinition>;
  readonly signal?: AbortSignal;
}

function ask(askModel: AskModel | undefined, { config, output = "out", llm, signal }: Asking = {}) {
  const asked = request({
    config: { type: "llm_structured", ...config },
    result: resultOf({ output }),
    llm: { enabled: true, model: "sonnet", max_tokens: 256, timeout: 1800, ...llm },
  });
  let nowMs = 100;
  const monotonicMs = () => {
    nowMs += 41.7;
    return nowMs;
  };
  return evaluate(asked, withEffects({ askModel, monotonicMs, ...(signal !== undefined && { signal }) }));
}

const saying = (answer: unknown) => () => Promise.resolve(typeof answer === "string" ? answer : JSON.stringify(answer));

async function questionFor(asking: Asking): Promise<ModelQuestion> {
  const questions: ModelQuestion[] = [];
  await ask((question) => {
    questions.push(question);
    return Promise.resolve("{}");
  }, asking);
  const [question] = questions;
  if (question === undefined) throw new Error("nothing was asked");
  return question;
}

describe("what llm_structured asks", () => {
  it("is the prompt and the last 4000 characters of the text", async () => {
    const output = `${"x".repeat(10)}${"😀".repeat(2000)}${"y".repeat(2000)}`;
    const { prompt } = await questionFor({ config: { prompt: "Is it done?" }, output });
    expect(prompt).toBe(`Is it done?\n\n<action_output>\n${output.slice(10)}\n</action_output>`);
  });

  it("B-44: has a prompt and a schema of its own where the state names none", async () => {
    for (const config of [{}, { prompt: "", schema: {} }]) {
      const { prompt, schema } = await questionFor({ config });
      expect(prompt).toMatch(/^\w.+succeeded\.\n\n<action_output>\nout\n<\/action_output>$/s);
      expect(schema).toMatchObject({
        properties: { verdict: { enum: ["yes", "no", "blocked", "partial"] } },
        required: ["verdict", "confidence", "reason"],
      });
    }
    const schema = { type: "object", properties: { verdict: {} } };
    expect((await questionFor({ config: { schema } })).schema).toEqual(schema);
  });

  it("B-26: goes to the loop's model, with its bounds", async () => {
    expect(await questionFor({ llm: { model: "large", max_tokens: 64, timeout: 30 } })).toMatchObject({
      model: "large",
      maxTokens: 64,
      timeoutMs: 30_000,
    });
  });
});

describe("what llm_structured says", () => {
  const sure = { verdict: "yes", confidence: 0.9, reason: "all green" };

  it("is the model's verdict, with what was asked and answered, in this order", async () => {
    const evaluation = await ask(saying(sure), { config: { prompt: "Done?" } });
    const details = {
      confidence: 0.9,
      confident: true,
      reason: "all green",
      raw: sure,
      llm_model: "sonnet",
      llm_latency_ms: 41,
      llm_prompt: "Done?\n\n<action_output>\nout\n</action_output>",
      llm_raw_output: JSON.stringify(sure),
    };
    expect(evaluation).toEqual({ type: "llm_structured", verdict: "yes", details });
    expect(Object.keys(evaluation.details)).toEqual(Object.keys(details));
  });

  it("keeps 500 characters of question and answer", async () => {
    const evaluation = await ask(saying({ ...sure, reason: "r".repeat(900) }), { output: "😀".repeat(900) });
    const { llm_prompt, llm_raw_output } = evaluation.details as Record<string, string>;
    expect([...(llm_prompt ?? "")]).toHaveLength(500);
    expect(llm_raw_output).toHaveLength(500);
  });

  it.each([
    [{ verdict: "no", confidence: 0.5 }, {}, "no", true],
    [{ verdict: "no", confidence: 0.49 }, {}, "no", false],
    [{ verdict: "no", confidence: 0.49 }, { uncertain_suffix: true }, "no_uncertain", false],
    [{ verdict: "no", confidence: 0.5 }, { uncertain_suffix: true }, "no", true],
    [{ verdict: "no", confidence: 0.5 }, { uncertain_suffix: true, min_confidence: 0.8 }, "no_uncertain", false],
    [{ verdict: "no", confidence: 0 }, { min_confidence: 0 }, "no", true],
    [{ verdict: "later" }, { min_confidence: 1 }, "later", true],
    [{ verdict: "yes", confidence: "0.7" }, {}, "yes", true],
    [{ verdict: true, confidence: 1 }, {}, "True", true],
    [{ confidence: 1 }, {}, "error", true],
  ])("%j with %j is %s", async (answer, config, verdict, confident) => {
    expect(await ask(saying(answer), { config })).toMatchObject({ verdict, details: { confident, raw: answer } });
  });

  it.each([
    ["with fences", 'Sure:\n```json\n{"verdict": "no", "confidence": 1}\n```\nThat is all.'],
    ["in the result of a command line", { type: "result", result: '{"verdict": "no", "confidence": 1}' }],
    ["as structured output", { type: "result", structured_output: { verdict: "no", confidence: 1 } }],
  ])("reads an answer %s", async (_how, said) => {
    expect(await ask(saying(said))).toMatchObject({ verdict: "no", details: { confidence: 1, reason: "" } });
  });
});

describe("llm_structured: every problem is the verdict error, and says of which kind it is", () => {
  it.each<readonly [string, AskModel | undefined, Asking, Record<string, unknown>]>([
    ["models are turned off", saying({ verdict: "yes" }), { llm: { enabled: false } }, {}],
    ["no program", () => Promise.reject(new ModelError("missing", "none")), {}, { missing_dependency: true }],
    ["too slow, says who asks", () => Promise.reject(new ModelError("timeout", "slow")), {}, { timeout: true }],
    ["nothing, says who asks", () => Promise.reject(new ModelError("empty", "nothing")), {}, { empty_output: true }],
    ["anything else", () => Promise.reject(new Error("quota")), {}, { api_error: true }],
    [
      "thrown at once",
      () => {
        throw new Error("quota");
      },
      {},
      { api_error: true },
    ],
    ["nothing said", saying(" \n"), {}, { empty_output: true }],
    ["no text", () => Promise.resolve({ verdict: "yes" } as unknown as string), {}, { api_error: true }],
    ["a failed program", saying({ is_error: true, result: "quota" }), {}, { api_error: true }],
    [
      "an answer that fits no schema",
      saying({ subtype: "error_max_structured_output_retries" }),
      {},
      { api_error: true },
    ],
    ["no JSON", saying("I think so."), {}, { raw_preview: "I think so." }],
    ["an empty result", saying({ result: "" }), {}, { raw_preview: '{"result":""}' }],
    [
      "B-47: no confidence",
      saying({ verdict: "yes", confidence: "high" }),
      {},
      { raw_preview: '{"verdict":"yes","confidence":"high"}' },
    ],
    [
      "endless confidence",
      saying('{"verdict":"yes","confidence":1e999}'),
      {},
      { raw_preview: '{"verdict":"yes","confidence":1e999}' },
    ],
  ])("%s", async (_what, askModel, asking, flags) => {
    expect(await ask(askModel, asking)).toEqual({
      type: "llm_structured",
      verdict: "error",
      details: { error: expect.stringMatching(/\w/), ...flags },
    });
  });

  it("B-38: no model is configured", async () => {
    expect(await ask(undefined)).toEqual({
      type: "llm_structured",
      verdict: "error",
      details: { error: expect.stringContaining("no model is configured"), missing_dependency: true },
    });
  });

  it("a model that never answers is given up at its deadline, and told so", async () => {
    let given: AbortSignal | undefined;
    const silent: AskModel = ({ signal }) => {
      given = signal;
      return new Promise(() => {});
    };
    expect(await ask(silent, { llm: { timeout: 0.02 } })).toMatchObject({
      verdict: "error",
      details: { error: expect.stringContaining("0.02 s"), timeout: true },
    });
    expect(given?.aborted).toBe(true);
  });
});

describe("llm_structured, given up", () => {
  it.each<readonly [string, AskModel]>([
    [
      "a model that listens",
      ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("ended")))),
    ],
    ["a model that does not", () => new Promise(() => {})],
  ])("rejects with the reason, for %s: it is no verdict", async (_who, askModel) => {
    const stop = new AbortController();
    const asking = ask(askModel, { signal: stop.signal });
    stop.abort(new Error("stopped by force"));
    await expect(asking).rejects.toThrow("stopped by force");
    await expect(ask(askModel, { signal: stop.signal })).rejects.toThrow("stopped by force");
  });
});
