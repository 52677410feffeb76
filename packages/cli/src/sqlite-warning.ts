/**
 * Keeps from the terminal what Node 22 says of its SQLite: that it is experimental. Whoever runs loops can do nothing about
 * that; every other warning is told.
 */
export function withoutSqliteWarning(process: NodeJS.Process): void {
  const emitWarning = process.emitWarning.bind(process) as (...args: readonly unknown[]) => void;
  process.emitWarning = ((warning: unknown, ...rest: readonly unknown[]) => {
    if (rest[0] === "ExperimentalWarning" && /^SQLite is an experimental feature/.test(String(warning))) return;
    emitWarning(warning, ...rest);
  }) as typeof process.emitWarning;
}
