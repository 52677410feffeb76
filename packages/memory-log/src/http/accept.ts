/**
 * Whether an `Accept` header (RFC 9110, section 12.5.1) asks for a stream: it names `text/event-stream`, and wants it at
 * least as much as `application/json`. Who would take anything gets a page.
 */
export function prefersEventStream(accept: string | null): boolean {
  const weights = new Map<string, number>();
  for (const range of (accept ?? "").toLowerCase().split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    weights.set(type, weightOf(parameters));
  }
  const stream = weights.get("text/event-stream") ?? 0;
  // The most specific range counts, whatever the others say.
  const page = weights.get("application/json") ?? weights.get("application/*") ?? weights.get("*/*") ?? 0;
  return stream > 0 && stream >= page;
}

/** From 0 to 1; a weight that cannot be read counts as none given. */
function weightOf(parameters: readonly string[]): number {
  const given = parameters.find((parameter) => /^q\s*=/.test(parameter));
  const [, weight = "1"] = /^q\s*=\s*(0(?:\.\d*)?|1(?:\.0*)?)$/.exec(given ?? "") ?? [];
  return Number(weight);
}
