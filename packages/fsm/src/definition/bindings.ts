import { isPlainObject, own, type PlainObject } from "./plain-data.js";
import type { Finding } from "./problem.js";
import { didYouMean, listNames } from "./suggest.js";
import { isDynamicTarget } from "./targets.js";
import type { ParameterDefinition } from "./types.js";

export type Parameters = Readonly<Record<string, ParameterDefinition>>;

/**
 * What is wrong with the values that a state gives to a child loop, `with`, as that declares its parameters; paths begin
 * behind `with`. A loop that declares none takes anything. Whether a template gives the right kind of value is not known.
 */
export function checkBindings(bindings: PlainObject, parameters: Parameters, loop: string): Finding[] {
  const known = Object.keys(parameters);
  if (known.length === 0) return [];
  const unknown = Object.keys(bindings).filter((name) => !known.includes(name));
  return [
    ...unknown.map((name): Finding => {
      const message = `the loop ${quote(loop)} has no parameter ${quote(name)}. It takes: ${listNames(known)}.${didYouMean(name, known)}`;
      return { path: [name], at: "key", severity: "error", message };
    }),
    ...Object.entries(parameters).flatMap(([name, parameter]): Finding[] => {
      if (!Object.hasOwn(bindings, name)) {
        const message = `the loop ${quote(loop)} needs ${quote(name)}; add it.`;
        return parameter.required === true ? [{ path: [], at: "key", severity: "error", message }] : [];
      }
      const expected = mismatch(own(bindings, name), parameter);
      if (expected === null) return [];
      const message = `the parameter ${quote(name)} of the loop ${quote(loop)} is ${expected}; found ${shorten(own(bindings, name))}.`;
      return [{ path: [name], severity: "error", message }];
    }),
  ];
}

/** The rules between the fields of each parameter. */
export function checkParameters(parameters: unknown): Finding[] {
  if (!isPlainObject(parameters)) return [];
  return Object.entries(parameters).flatMap(([name, parameter]): Finding[] => {
    if (!isPlainObject(parameter)) return [];
    const path = ["parameters", name];
    const findings: Finding[] = [];
    if (own(parameter, "type") === "enum" && !Object.hasOwn(parameter, "values")) {
      const message = 'a parameter of the type enum needs "values", a list of what it may be; add it.';
      findings.push({ path, at: "key", severity: "error", message });
    }
    if (own(parameter, "required") === true && Object.hasOwn(parameter, "default")) {
      const message = 'what is required needs no "default"; remove one of the two.';
      findings.push({ path: [...path, "default"], at: "key", severity: "error", message });
    }
    return findings;
  });
}

/** The values that a child is given: what is bound, and for all else the defaults of its parameters. */
export function withDefaults(bound: PlainObject, parameters: Parameters): PlainObject {
  const defaults = Object.entries(parameters).filter(([, parameter]) => Object.hasOwn(parameter, "default"));
  return { ...Object.fromEntries(defaults.map(([name, parameter]) => [name, parameter.default])), ...bound };
}

/** What is expected instead of `value`, or `null`. */
function mismatch(value: unknown, { type, values }: ParameterDefinition): string | null {
  if (typeof value === "string" && isDynamicTarget(value)) return null;
  switch (type) {
    case "string":
      return typeof value === "string" ? null : "text";
    // As in Python, where true is a number, too.
    case "integer":
      return Number.isInteger(value) || typeof value === "boolean" ? null : "a whole number";
    case "number":
      return typeof value === "number" || typeof value === "boolean" ? null : "a number";
    case "boolean":
      return typeof value === "boolean" ? null : "true or false";
    case "enum":
      return values === undefined || values.some((one) => JSON.stringify(one) === JSON.stringify(value))
        ? null
        : `one of ${listNames(values.map((one) => (typeof one === "string" ? one : JSON.stringify(one))))}`;
    case "path":
      return null;
  }
}

function quote(name: string): string {
  return JSON.stringify(name);
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
