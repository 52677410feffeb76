import { StringDecoder } from "node:string_decoder";

const lineFeed = "\n";

/** Turns chunks of UTF-8 into lines, wherever the chunks are cut. */
export interface LineSplitter {
  write(chunk: Buffer): void;
  /** Passes on the last line if no newline ended it. */
  end(): void;
}

/**
 * Calls `onLine` for each line, right-stripped. What is not UTF-8 becomes U+FFFD. A line over `maxLineChars` comes in
 * several pieces, so that output without any newline needs no more memory than that.
 */
export function lineSplitter(onLine: (line: string) => void, maxLineChars: number): LineSplitter {
  const decoder = new StringDecoder("utf8");
  let rest = "";

  const add = (text: string): void => {
    let from = 0;
    for (let at = text.indexOf(lineFeed); at !== -1; at = text.indexOf(lineFeed, from)) {
      const line = rest + text.slice(from, at);
      // Before the call: if it throws, what follows is still in order.
      rest = "";
      from = at + 1;
      onLine(passPieces(line).trimEnd());
    }
    rest = passPieces(rest + text.slice(from));
  };

  const passPieces = (line: string): string => {
    let from = 0;
    while (line.length - from > maxLineChars) {
      const to = endOfPiece(line, from + maxLineChars);
      onLine(line.slice(from, to));
      from = to;
    }
    return from === 0 ? line : line.slice(from);
  };

  return {
    write: (chunk) => add(decoder.write(chunk)),
    end: () => {
      add(decoder.end());
      const last = rest;
      rest = "";
      if (last !== "") onLine(last.trimEnd());
    },
  };
}

/** Not between the two halves of a character outside the basic plane. */
function endOfPiece(line: string, to: number): number {
  const code = line.charCodeAt(to - 1);
  const isHighSurrogate = code >= 0xd800 && code <= 0xdbff;
  return isHighSurrogate ? to + 1 : to;
}
