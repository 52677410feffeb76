/** What templates can refer to, as `${namespace.path}`. */
export interface InterpolationScope {
  /** Of the definition, and what the caller gave over it. */
  readonly context: Readonly<Record<string, unknown>>;
  /** Results of actions (`ActionResult`) by the name under which they were captured. */
  readonly captured: Readonly<Record<string, unknown>>;
  /** The `PrevResult` of the state before; `null` in the first. */
  readonly prev: object | null;
  /** The last evaluation (`LastResult`), in the same state or an earlier one; `null` before the first. */
  readonly result: object | null;
  readonly state: { readonly name: string; readonly iteration: number };
  readonly loop: {
    readonly name: string;
    readonly started_at: string;
    readonly elapsed_ms: number;
    /** For people: see {@link formatElapsed}. */
    readonly elapsed: string;
  };
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type Namespace = keyof InterpolationScope;

export const namespaces: readonly Namespace[] = ["context", "captured", "prev", "result", "state", "loop", "env"];

/** `850ms`, `42s`, `3m` or `3m 5s`; minutes go on beyond the hour. */
export function formatElapsed(elapsedMs: number): string {
  const milliseconds = Math.max(0, Math.floor(elapsedMs));
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 60) return `${seconds}s`;
  const rest = seconds % 60;
  return rest === 0 ? `${Math.floor(seconds / 60)}m` : `${Math.floor(seconds / 60)}m ${rest}s`;
}
