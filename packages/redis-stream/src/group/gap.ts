/** Entries that no consumer of the group will handle. */
export interface GroupGap {
  /** The key of the stream, or of its partition. */
  readonly stream: string;
  /**
   * `trimmed`: entries were gone before the group was given them. `trimmed-pending`: before whoever had them was done.
   * `group-lost`: somebody deleted the stream or the group; it was made anew, from the oldest entry there is.
   */
  readonly reason: "trimmed" | "trimmed-pending" | "group-lost";
  /** How many, `null` where nobody can know. */
  readonly missed: number | null;
}

const whatHappened = {
  trimmed: "were trimmed before a consumer was given them; raise maxLen, or add consumers",
  "trimmed-pending": "were trimmed before they were handled; raise maxLen",
  "group-lost": "may be gone with the group, which somebody deleted; it was made anew from the oldest entry there is",
};

/** A gap in words. */
export function describeGap({ stream, reason, missed }: GroupGap): string {
  return `${missed === null ? "entries" : `${missed} entries`} of ${stream} ${whatHappened[reason]}`;
}
