const blockSize = 1000;
const lastDigits = Array.from({ length: blockSize }, (_, n) => String(n).padStart(3, "0"));

/**
 * Ids of events in the form of core, `<ms since epoch, base 36>-<random>-<n>`, for one segment of a run. A store keeps
 * every one of them, so that they are made of what is shared: a prefix for a thousand, and the last digits.
 */
export function eventIds(): () => string {
  const own = `${Date.now().toString(36)}-${crypto.randomUUID().slice(-12)}-`;
  let block = 0;
  let prefix = own;
  let n = 0;
  return () => {
    n += 1;
    if (n === blockSize) {
      n = 0;
      block += 1;
      prefix = own + block;
    }
    return block === 0 ? own + n : prefix + lastDigits[n];
  };
}
