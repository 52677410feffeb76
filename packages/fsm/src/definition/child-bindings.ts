import { checkBindings, checkParameters, type Parameters } from "./bindings.js";
import { inherit } from "./expand-from.js";
import { type Expansion, newExpansion, type Reading, readPart } from "./expansion.js";
import type { LoopSource } from "./loop-source.js";
import { parametersSchema } from "./parameter-schema.js";
import { fieldsOf, type Part, TooMuchToMerge, toData, toWritten } from "./parts.js";
import { isPlainObject } from "./plain-data.js";
import type { Preparation } from "./prepare-fields.js";
import { prepareParameters } from "./prepare-parameters.js";
import type { Finding } from "./problem.js";
import { isDynamicTarget } from "./targets.js";
import type { LoopDefinition } from "./types.js";

/**
 * Checks what states give to child loops, `with`, as far as the files of those can be read: a child that is not there
 * yet, or is no loop, is found out when it is to run.
 */
export function* checkChildBindings(definition: LoopDefinition, loop: Part, root: LoopSource): Reading<Finding[]> {
  const findings: Finding[] = [];
  const aside = newExpansion(root);
  for (const [name, { loop: child, with: bindings }] of Object.entries(definition.states)) {
    if (child === undefined || bindings === undefined || isDynamicTarget(child)) continue;
    const parameters = yield* parametersOf(aside, loop, child);
    if (parameters === null) continue;
    const path = ["states", name, "with"];
    const found = checkBindings(bindings, parameters, child);
    findings.push(...found.map((finding) => ({ ...finding, path: [...path, ...finding.path] })));
  }
  return findings;
}

function* parametersOf(aside: Expansion, asked: Part, child: string): Reading<Parameters | null> {
  try {
    const part = yield* readPart(aside, asked, { name: child, beside: [aside.root.file] });
    const whole = part && (yield* inherit(aside, part));
    const declared = whole && fieldsOf(whole)?.get("parameters");
    const raw = declared && toData(declared);
    if (!isPlainObject(raw)) return null;
    const to: Preparation = { findings: [], moved: new Map() };
    const parsed = parametersSchema.safeParse(prepareParameters(raw, declared && toWritten(declared), to));
    return parsed.success && checkParameters(parsed.data).length === 0 ? parsed.data : null;
  } catch (error) {
    if (error instanceof TooMuchToMerge) return null;
    throw error;
  }
}
