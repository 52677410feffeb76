import { createHash } from "node:crypto";

/**
 * Ids for events that have none: the same for the same event each time it is read, wherever its file lies by then. Of
 * events that say the very same, the first has one id and the second another.
 */
export function contentId(): (event: object) => string {
  const seen = new Map<string, number>();
  return (event) => {
    const hash = createHash("sha256").update(JSON.stringify(event)).digest("hex").slice(0, 32);
    const count = (seen.get(hash) ?? 0) + 1;
    seen.set(hash, count);
    return `content-${hash}-${count}`;
  };
}
