import { type ActionRunner, askModelByCommand, type EngineOptions, promptRunner } from "@loops/fsm";
import type { Config } from "./config.js";

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
