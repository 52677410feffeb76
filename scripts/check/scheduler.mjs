/**
 * @typedef {object} Step
 * @property {string} name
 * @property {readonly string[]} [needs] steps that must have passed before this one makes sense
 * @property {readonly string[]} [after] steps that must have ended, however, before this one starts
 * @property {() => Promise<string | void>} run a short note for the line of the step, or nothing; throws when it fails
 */

/**
 * @typedef {object} StepResult
 * @property {string} name
 * @property {"passed" | "failed" | "skipped"} status
 * @property {number} ms
 * @property {string | undefined} [note]
 * @property {unknown} [error]
 */

/**
 * Runs every step, at most `concurrency` side by side, each after those it needs. A failure stops nothing but the
 * steps that need it, so that one run shows everything that is wrong.
 * @param {readonly Step[]} steps
 * @param {number} concurrency
 * @param {(result: StepResult) => void} report called as each step ends
 * @returns {Promise<StepResult[]>}
 */
export async function runSteps(steps, concurrency, report) {
  /** @type {Map<string, StepResult>} */
  const ended = new Map();
  /** @type {Map<string, Promise<void>>} */
  const running = new Map();
  const waiting = [...steps];
  const end = (/** @type {StepResult} */ result) => {
    ended.set(result.name, result);
    running.delete(result.name);
    report(result);
  };
  while (waiting.length > 0 || running.size > 0) {
    const ready = waiting.findIndex(({ needs = [], after = [] }) => [...needs, ...after].every((it) => ended.has(it)));
    if (ready === -1 && running.size === 0) throw new Error(`Needs nothing provides: ${waiting[0]?.name}`);
    if (ready === -1 || running.size >= concurrency) {
      await Promise.race(running.values());
      continue;
    }
    for (const step of waiting.splice(ready, 1)) {
      const missing = (step.needs ?? []).find((need) => ended.get(need)?.status !== "passed");
      if (missing === undefined) running.set(step.name, runStep(step).then(end));
      else end({ name: step.name, status: "skipped", ms: 0, note: `needs ${missing}` });
    }
  }
  return [...ended.values()];
}

/** @param {Step} step @returns {Promise<StepResult>} */
async function runStep(step) {
  const start = performance.now();
  const ms = () => Math.round(performance.now() - start);
  try {
    const note = (await step.run()) || undefined;
    return { name: step.name, status: "passed", ms: ms(), note };
  } catch (error) {
    return { name: step.name, status: "failed", ms: ms(), error };
  }
}
