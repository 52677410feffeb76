import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** 128 bits that nobody guesses, in letters that need no escaping in an address. */
export function newToken(): string {
  return randomBytes(16).toString("base64url");
}

/** Whether an `Authorization` header bears the token; how long that takes says nothing about it. */
export function bearsToken(header: string | undefined, token: string): boolean {
  const given = /^Bearer ([\w.~+/=-]+)$/i.exec(header ?? "")?.[1];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

/** Of equal length, whatever was given. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
