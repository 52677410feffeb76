import type { OwnClient } from "./redis-client.js";

/**
 * Adds bodies to a stream in their order, all of them or none: a script runs by itself, and what can refuse it (memory,
 * role, rights, the type of the key) does so at its first command. It also costs a fifth of as many XADDs on this side.
 */
const script = `
local ids = {}
for i = 2, #ARGV do
  if ARGV[1] == '0' then
    ids[i - 1] = redis.call('XADD', KEYS[1], '*', 'data', ARGV[i])
  else
    ids[i - 1] = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'data', ARGV[i])
  end
end
return ids`;

/** Adds one batch to one stream; the ids, in order. */
export class Appender {
  readonly #maxLen: number;
  #scripts = true;

  /** @param maxLen 0 or less does not trim */
  constructor(maxLen: number) {
    this.#maxLen = Math.max(0, Math.floor(maxLen));
  }

  async append(client: OwnClient, key: string, bodies: readonly string[]): Promise<readonly string[]> {
    if (this.#scripts) {
      try {
        return (await client.eval(script, 1, key, this.#maxLen, ...bodies)) as string[];
      } catch (error) {
        if (!refusesScripts(error)) throw error;
        this.#scripts = false;
      }
    }
    return this.#transaction(client, key, bodies);
  }

  /** The same promise where the user may call XADD and no script. */
  async #transaction(client: OwnClient, key: string, bodies: readonly string[]): Promise<readonly string[]> {
    const transaction = client.multi();
    for (const body of bodies) {
      if (this.#maxLen === 0) transaction.xadd(key, "*", "data", body);
      else transaction.xadd(key, "MAXLEN", "~", this.#maxLen, "*", "data", body);
    }
    let replies: Awaited<ReturnType<typeof transaction.exec>>;
    try {
      replies = await transaction.exec();
    } catch (error) {
      // EXECABORT tells nothing; the reason is what one of its commands was answered with.
      throw (error as { previousErrors?: readonly unknown[] }).previousErrors?.[0] ?? error;
    }
    return (replies ?? []).map(([error, id]) => {
      if (error !== null) throw error;
      return id as string;
    });
  }
}

function refusesScripts(error: unknown): boolean {
  return /^(NOPERM .*'eval'|ERR unknown command .?'?eval)/is.test((error as Error).message);
}
