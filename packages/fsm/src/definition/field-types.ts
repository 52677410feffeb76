import * as z from "zod";

/*
 * The kinds of values that fields have. The message of each says what is expected there, so that an error can add what
 * was found.
 */

export const text = z.string("text");
export const name = text.min(1, "a name that is not empty");
export const target = z.string("the name of a state");
export const flag = z.boolean("true or false");
export const seconds = z.number("a number of seconds").gt(0, "a number of seconds above 0");
export const positiveInteger = z.int("a whole number").gte(1, "a whole number of at least 1");
export const mapping = z.record(z.string(), z.unknown(), "a mapping from names to values");
export const paths = z.array(text, "a list of paths");
export const routes = z
  .record(z.string(), target, "a mapping from verdicts to states")
  .refine((table) => Object.keys(table).length > 0, "at least one verdict with its state");
export const numberOrTemplate = z.union([z.number(), text], "a number, or a template that gives one");
/** Anything but nothing. */
export const value = z.union(
  [text, z.number(), z.boolean(), z.array(z.unknown()), z.record(z.string(), z.unknown())],
  "a value",
);
