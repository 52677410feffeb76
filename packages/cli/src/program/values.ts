import { InvalidArgumentError } from "commander";
import { momentOf } from "../moment.js";

/** How the values of options are read; what cannot be read is an `InvalidArgumentError`, which names the option. */

export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

export function notEmpty(text: string): string {
  if (text.trim() !== "") return text;
  throw new InvalidArgumentError("It must not be empty.");
}

export function moment(text: string): Date {
  const date = momentOf(text, Date.now());
  if (date !== null) return date;
  throw new InvalidArgumentError("It must be a time ago such as 7d or 90m, or a time such as 2026-01-31T12:00Z.");
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError("It must be a whole number of at least 1.");
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}

export function portNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError("It must be a whole number from 0 to 65535.");
}
