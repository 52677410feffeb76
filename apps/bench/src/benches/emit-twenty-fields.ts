import type { Bench } from "../bench.js";
import { twentyFields } from "../events.js";
import { oneListener } from "./emit-one-listener.js";

export const emitTwentyFields: Bench = {
  name: "emit-twenty-fields",
  what: "emit an event of twenty fields, which the bus copies, to one listener; theirs: mitt, which does not copy",
  unit: "ns/op",
  bar: null,
  setup: () => oneListener(twentyFields),
};
