import { cleanLine } from "../clean-text.js";
import { type ExitCode, exitCode } from "../exit-code.js";
import { type HistoryPlaceOptions, withHistory } from "../open-history.js";
import { table } from "../table.js";
import { say, sayJson, type Terminal } from "../terminal.js";

export interface SearchCommandOptions extends HistoryPlaceOptions {
  readonly raw?: boolean | undefined;
  readonly limit: number;
  readonly json?: boolean | undefined;
}

/** Events that have all the words, best first. As `grep` does, the exit code says whether there are any. */
export function search(terminal: Terminal, words: readonly string[], options: SearchCommandOptions): Promise<ExitCode> {
  const { raw, limit, json } = options;
  return withHistory(terminal, options, async (history) => {
    const hits = await history.search(words.join(" "), { raw, limit });
    if (json === true) for (const hit of hits) sayJson(terminal, hit);
    else if (hits.length > 0) {
      const rows = hits.map(({ ts, ref, content }) => [ts, ref, cleanLine(content)]);
      for (const line of table([["TIME", "LOOP", "WHAT"], ...rows])) say(terminal, line);
    }
    return hits.length > 0 ? exitCode.ok : exitCode.failed;
  });
}
