import type { Bench } from "../bench.js";
import { emitNobodyListening } from "./emit-nobody-listening.js";
import { emitOneListener } from "./emit-one-listener.js";
import { emitTwentyFields } from "./emit-twenty-fields.js";
import { fiveJsonSinks } from "./five-json-sinks.js";

/** Every benchmark, in the order of the table. */
export const benches: readonly Bench[] = [emitOneListener, emitTwentyFields, emitNobodyListening, fiveJsonSinks];
