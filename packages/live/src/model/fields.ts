/** Fields of a record that came from elsewhere, by kind; what is of another kind counts as absent. */
type Fields = Readonly<Record<string, unknown>>;

export function textOf(fields: Fields, name: string): string | null {
  const value = fields[name];
  return typeof value === "string" ? value : null;
}

export function numberOf(fields: Fields, name: string): number | null {
  const value = fields[name];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function recordOf(fields: Fields, name: string): Fields | null {
  const value = fields[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}
