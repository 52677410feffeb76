const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A moment as a person writes it: so long ago (`7d`, `90m`), or ISO 8601. `null` for what is neither. */
export function momentOf(text: string, now: number): Date | null {
  const [, count, unit] = /^(\d+)([smhdw])$/.exec(text) ?? [];
  const ago = unit === undefined ? undefined : units[unit];
  const date =
    ago === undefined ? new Date(/^\d{4}-/.test(text) ? text : Number.NaN) : new Date(now - Number(count) * ago);
  return Number.isNaN(date.getTime()) ? null : date;
}
