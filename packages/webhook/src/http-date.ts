const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const day = "(?<day>\\d{2})";
const month = "(?<month>[A-Z][a-z]{2})";
const time = "(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})";

/** The three forms that RFC 9110, section 5.6.7, asks a recipient to accept. */
const forms = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(`^[A-Z][a-z]{2}, ${day} ${month} (?<year>\\d{4}) ${time} GMT$`),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(`^[A-Z][a-z]+day, ${day}-${month}-(?<year>\\d{2}) ${time} GMT$`),
  // Sun Nov  6 08:49:37 1994
  new RegExp(`^[A-Z][a-z]{2} ${month} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
];

/**
 * An HTTP date as milliseconds since 1970, `undefined` for what is none. `Date.parse` takes far more than HTTP allows,
 * and reads the zoneless form in local time.
 *
 * @param nowMs a year of two digits that would lie over 50 years after it is one of the century before
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
 */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  for (const form of forms) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const number = (name: string) => Number(parts[name]);
    const monthIndex = months.indexOf(parts["month"] ?? "");
    const [date, hour, minute, second] = [number("day"), number("hour"), number("minute"), number("second")];
    // 60 is a leap second.
    if (monthIndex === -1 || date < 1 || date > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
    const year = parts["year"]?.length === 2 ? fullYear(number("year"), nowMs) : number("year");
    const ms = new Date(0).setUTCFullYear(year, monthIndex, date) + ((hour * 60 + minute) * 60 + second) * 1000;
    // The 31st of February would be a day of March.
    return new Date(new Date(0).setUTCFullYear(year, monthIndex, date)).getUTCDate() === date ? ms : undefined;
  }
  return undefined;
}

function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}
