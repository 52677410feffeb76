import { type Bus, createBus, errorMessage } from "@loops/core";
import type { FsmEvent } from "@loops/fsm";
import { note, type Terminal } from "./terminal.js";

/** The bus of one command, which says on the terminal what goes wrong in it. */
export function createCommandBus(terminal: Terminal): Bus<FsmEvent> {
  return createBus<FsmEvent>({ onError: (error) => note(terminal, `warning: ${errorMessage(error)}`) });
}

/** Waits for what the sinks have, and says what they lost. @param leave shortens it */
export async function closeSinks(bus: Bus<FsmEvent>, leave: AbortSignal, terminal: Terminal): Promise<void> {
  const { sinks } = await bus.close({ signal: leave });
  for (const { name, dropped } of sinks) {
    const reasons = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
    if (reasons.length > 0) note(terminal, `warning: the sink ${name} lost events: ${reasons.join(", ")}`);
  }
}
