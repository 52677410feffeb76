import { type Namespace, namespaces } from "./interpolate-scope.js";

/** `${namespace.path}` in a template, with its filters. */
export interface Reference {
  /** As written. */
  readonly source: string;
  readonly namespace: Namespace;
  /** What is between the namespace's dot and the first colon. */
  readonly path: string;
  /** `:json`: written as JSON. */
  readonly json: boolean;
  /** `:shell`: quoted as one word for a POSIX shell. */
  readonly shell: boolean;
  /** `:default=...`: for when there is nothing at `path`. */
  readonly fallback: string | null;
  /** What follows the path and is no filter, as written. */
  readonly unknownFilter: string | null;
}

const REFERENCE_START = new RegExp(`\\$\\{(${namespaces.join("|")})\\.`, "y");

/**
 * Splits a template into text and references. `$${` is the text `${`. What begins with `${` and goes on with anything
 * but a namespace and a dot (`${HOME}`, `${file%.*}`, `${}`), or is never closed, is text: it is meant for the shell.
 * Takes linear time.
 */
export function parseTemplate(template: string): (string | Reference)[] {
  const parts: (string | Reference)[] = [];
  let text = "";
  let index = 0;
  for (;;) {
    const dollar = template.indexOf("$", index);
    if (dollar === -1) break;
    text += template.slice(index, dollar);
    REFERENCE_START.lastIndex = dollar;
    const namespace = REFERENCE_START.exec(template)?.[1];
    const bodyStart = REFERENCE_START.lastIndex;
    const end = namespace === undefined ? -1 : template.indexOf("}", bodyStart);
    if (namespace !== undefined && end === -1) {
      // Nothing from here on is closed; to look for it again at each "${" would take quadratic time.
      return [...parts, text + template.slice(dollar).replaceAll("$${", "${")];
    }
    if (namespace !== undefined) {
      parts.push(
        text,
        reference(namespace as Namespace, template.slice(dollar, end + 1), template.slice(bodyStart, end)),
      );
      text = "";
      index = end + 1;
    } else if (template.startsWith("$${", dollar)) {
      text += "${";
      index = dollar + 3;
    } else {
      text += "$";
      index = dollar + 1;
    }
  }
  return [...parts, text + template.slice(index)];
}

function reference(namespace: Namespace, source: string, body: string): Reference {
  const colon = body.indexOf(":");
  const none = { json: false, shell: false, fallback: null, unknownFilter: null };
  if (colon === -1) return { source, namespace, path: body, ...none };
  return { source, namespace, path: body.slice(0, colon), ...none, ...parseFilters(body.slice(colon)) };
}

const filters = /^(?<before>(?::json|:shell)*)(?::default=(?<fallback>.*?)(?<after>(?::json|:shell)*))?$/s;

/** `:json`, `:shell` and `:default=...` in any order; a default may have colons in it. */
function parseFilters(text: string): Pick<Reference, "json" | "shell" | "fallback"> | { unknownFilter: string } {
  const match = filters.exec(text);
  if (match === null) return { unknownFilter: text };
  const { before = "", fallback = null, after = "" } = match.groups ?? {};
  const names = `${before}${after}`.split(":");
  return { json: names.includes("json"), shell: names.includes("shell"), fallback };
}
