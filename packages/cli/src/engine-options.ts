import type { Bus } from "@loops/core";
import { type ActionRunner, askModelByCommand, type EngineOptions, type FsmEvent, promptRunner } from "@loops/fsm";
import { resolverWithModel } from "./chosen-model.js";
import type { Config } from "./config.js";
import type { Interrupts } from "./interrupts.js";
import { note, type Terminal } from "./terminal.js";

/** What of the engine's options is configured. @throws LoopsError `LOOPS_CONFIG` */
export async function configuredOptions(config: Config): Promise<EngineOptions> {
  const { promptCommand, modelCommand, handoffCommand, mcpServers } = config;
  const runners: Record<string, ActionRunner> = {};
  if (promptCommand !== undefined) runners["prompt"] = promptRunner({ command: promptCommand });
  if (Object.keys(mcpServers).length > 0) {
    // Only for those who have servers: its module is as large as the rest of the command.
    const { mcpRunner } = await import("@loops/fsm/mcp");
    runners["mcp_tool"] = mcpRunner({ servers: mcpServers });
  }
  const askModel = modelCommand === undefined ? undefined : askModelByCommand({ command: modelCommand });
  return { runners, askModel, handoffCommand };
}

export interface CommandOptions {
  readonly dir: string;
  readonly llmModel?: string | undefined;
}

/** What of the engine's options is the same for all commands that carry loops out. */
export function commandOptions(
  { dir, llmModel }: CommandOptions,
  bus: Bus<FsmEvent>,
  interrupts: Interrupts,
  terminal: Terminal,
) {
  return {
    loopsDir: dir,
    resolveLoop: resolverWithModel(dir, llmModel),
    bus: {
      emit: (event) => bus.emit(event),
      flush: (deadline) => bus.flush({ ...deadline, signal: interrupts.leave }),
    },
    signal: interrupts.stop,
    forceSignal: interrupts.force,
    onWarning: (warning) => note(terminal, `warning: ${warning.message}`),
  } satisfies EngineOptions;
}
