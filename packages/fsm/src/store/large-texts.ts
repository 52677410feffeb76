/** What stands in a stored state in place of a large text. */
export interface BlobRef {
  /** SHA-256 of the text in UTF-8, in hex: the name of its file. */
  readonly $blob: string;
  readonly bytes: number;
}

export function isBlobRef(value: unknown): value is BlobRef {
  const name = (value as Partial<BlobRef> | null | undefined)?.$blob;
  return typeof name === "string" && /^[0-9a-f]{64}$/.test(name);
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Maps the fields that hold what actions printed: `output` and `stderr` of each capture, of `prev_result` and of
 * `pending_result`. Returns `fields` itself where nothing changes. Pure.
 */
export function mapTexts<F extends Fields>(fields: F, map: (text: unknown) => unknown): F {
  let result: Fields = fields;
  for (const name of ["prev_result", "pending_result"]) {
    const value = fields[name];
    const mapped = mapResult(value, map);
    if (mapped !== value) result = { ...result, [name]: mapped };
  }
  const captured = mapEach(fields["captured"], (value) => mapResult(value, map));
  if (captured !== fields["captured"]) result = { ...result, captured };
  return result as F;
}

function mapResult(value: unknown, map: (text: unknown) => unknown): unknown {
  if (!isFields(value)) return value;
  const output = map(value["output"]);
  const stderr = map(value["stderr"]);
  if (output === value["output"] && stderr === value["stderr"]) return value;
  return { ...value, ...("output" in value && { output }), ...("stderr" in value && { stderr }) };
}

function mapEach(value: unknown, map: (entry: unknown) => unknown): unknown {
  if (!isFields(value)) return value;
  let result: Fields = value;
  for (const [name, entry] of Object.entries(value)) {
    const mapped = map(entry);
    if (mapped !== entry) result = { ...result, [name]: mapped };
  }
  return result;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}
