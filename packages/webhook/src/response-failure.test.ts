import { describe, expect, it } from "vitest";
import { responseFailure } from "./response-failure.js";

describe("a status", () => {
  it("W-9: from 200 to 299 alone is success; each of the others has one meaning", () => {
    const kinds: Record<string, number[]> = {};
    for (let status = 200; status < 600; status++) {
      const kind = responseFailure(status, false)?.kind ?? "delivered";
      kinds[kind] = [...(kinds[kind] ?? []), status];
    }
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
    expect(kinds["delivered"]).toEqual(range(200, 299));
    expect(kinds["retry"]).toEqual([408, 425, 429, ...range(500, 599)]);
    expect(kinds["too-large"]).toEqual([413]);
    expect(kinds["disable"]).toEqual([401, 403, 410]);
    expect(kinds["refused"]).toHaveLength(400 - 100 - 3 - 100 - 1 - 3);
  });

  it("of malformed content splits where that was asked for", () => {
    for (const status of [400, 422]) {
      expect(responseFailure(status, false)?.kind).toBe("refused");
      expect(responseFailure(status, true)?.kind).toBe("too-large");
    }
    expect(responseFailure(404, true)?.kind).toBe("refused");
  });
});
