import * as z from "zod";
import { flag, text } from "./field-types.js";

/** What a loop may say of a value that it is given by the loop that runs it. */
export const parameterSchema = z
  .strictObject(
    {
      type: z
        .enum(
          ["string", "integer", "number", "boolean", "enum", "path"],
          "one of string, integer, number, boolean, enum, path",
        )
        .describe("Kind of value; path is text."),
      required: flag.exactOptional().describe("Whether it has to be given. Default: false."),
      default: z.unknown().exactOptional().describe("Its value where it is not given."),
      description: text.exactOptional().describe("What it is for. For people."),
      values: z
        .array(z.unknown(), "a list of values")
        .min(1, "at least one value")
        .exactOptional()
        .describe("What it may be, where its type is enum."),
    },
    "a mapping with type, required, default, description and values",
  )
  .describe("One value that the loop takes.");

export const parametersSchema = z.record(z.string(), parameterSchema, "a mapping from names to parameters");
