/**
 * Work with files that is written once and done either way: each call of the file system is yielded, and whoever drives
 * the steps makes it at once or waits for it.
 */
export type Steps<T, Calls> = Generator<(calls: Calls) => unknown, T, unknown>;

/** One call, and what it returns. */
export function* step<T, Calls>(call: (calls: Calls) => T | Promise<T>): Steps<T, Calls> {
  return (yield call) as T;
}

/** Does the steps before it returns; `calls` must return no promises. @throws what the steps throw */
export function runSync<T, Calls>(steps: Steps<T, Calls>, calls: Calls): T {
  let next = steps.next();
  while (next.done !== true) {
    let result: unknown;
    try {
      result = next.value(calls);
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next(result);
  }
  return next.value;
}

/** Does the steps one after the other, waiting for each. Rejects with what the steps throw. */
export async function runAsync<T, Calls>(steps: Steps<T, Calls>, calls: Calls): Promise<T> {
  let next = steps.next();
  while (next.done !== true) {
    let result: unknown;
    try {
      result = await next.value(calls);
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next(result);
  }
  return next.value;
}
