import { isTransport } from "@loops/core";
import type { TransportSubject } from "./options.js";
import { NotTried, show } from "./violation.js";

/** @throws NotTried when nothing at all can be tried with what `create` returned */
export function requireShape(subject: TransportSubject): void {
  const { transport, observe } = (subject ?? {}) as Partial<TransportSubject>;
  if (!isTransport(transport)) {
    const expected = "create() returns { transport, observe }, and transport has the functions send and close";
    throw new NotTried(expected, `transport is ${show(transport)}`);
  }
  if (typeof observe === "function") return;
  throw new NotTried("create() returns { transport, observe }, and observe is a function", `it is ${show(observe)}`);
}
