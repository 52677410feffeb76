import type { EventSink } from "../../src/engine/event-sink.js";

export function appendingBus(dir: string, onEvent?: () => void): EventSink;
export function shellEnvironment(dir: string): Record<string, string>;
