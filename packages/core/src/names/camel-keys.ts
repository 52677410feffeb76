/** Files use snake_case, code camelCase. Only the section's own names: values are the user's. */
export function camelKeys(section: object): Record<string, unknown> {
  const camel = (key: string) => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(section).map(([key, value]) => [camel(key), value]));
}

/** A section within a section, for `createTransport`. What is no object stays what it is: the transport says what is wrong with it. */
export function camelSection(given: unknown): unknown {
  return typeof given !== "object" || given === null || Array.isArray(given) ? given : camelKeys(given);
}
