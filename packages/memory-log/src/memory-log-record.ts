/** An event of a memory log as plain data. */
export interface MemoryLogRecord {
  /** From 1, without holes, never used again. */
  readonly id: number;
  /** When it was appended: seconds since 1970, with a fraction. */
  readonly timestamp: number;
  /** A short tag, by custom dotted snake_case: `turn.started`. */
  readonly kind: string;
  readonly payload: Readonly<Record<string, unknown>>;
}
