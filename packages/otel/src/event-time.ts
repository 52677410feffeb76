/** Reads the times of events. One for each transport: it remembers the second it read last. */
export class EventTimes {
  #second = "";
  #secondMs = 0;

  /**
   * Milliseconds since 1970 of an ISO 8601 time, or `undefined` for what is none. Events come close together: those of one
   * second differ in three digits, and parsing a date costs as much as starting half a span.
   */
  read(ts: unknown): number | undefined {
    if (typeof ts !== "string") return undefined;
    if (ts.length !== 24 || ts.charCodeAt(23) !== 90) return parse(ts);
    if (!ts.startsWith(this.#second) || this.#second === "") {
      const ms = parse(ts);
      if (ms === undefined) return undefined;
      this.#second = ts.slice(0, 20);
      this.#secondMs = ms - (ms % 1000);
      return ms;
    }
    const millis = (ts.charCodeAt(20) - 48) * 100 + (ts.charCodeAt(21) - 48) * 10 + ts.charCodeAt(22) - 48;
    return millis >= 0 && millis < 1000 ? this.#secondMs + millis : parse(ts);
  }
}

/** The year 2262: as many nanoseconds since 1970 as a signed integer of 64 bits holds. */
const maxMs = 9_223_372_036_854;

/** Times before 1970 or far in the future, and what is no time, are `undefined`: OTLP has no place for them. */
function parse(text: string): number | undefined {
  const ms = Date.parse(text);
  return ms >= 0 && ms <= maxMs ? ms : undefined;
}
