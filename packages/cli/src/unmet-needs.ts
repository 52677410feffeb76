import type { LoopDefinition, StateDefinition } from "@loops/fsm";
import { type Config, configName } from "./config.js";
import { note, type Terminal } from "./terminal.js";

/** What a loop needs and nobody has configured, a line each: it can run, and those states have the verdict `error`. */
export function unmetNeeds({ states, llm }: LoopDefinition, config: Config): readonly string[] {
  const acting = Object.entries(states).filter(([, state]) => state.terminal !== true);
  const named = (test: (state: StateDefinition) => boolean) =>
    acting.filter(([, state]) => test(state)).map(([name]) => name);
  const needs: string[] = [];
  const need = (names: readonly string[], what: string, remedy: string) => {
    if (names.length === 0) return;
    const whose = names.length === 1 ? `the state ${names[0]} has` : `the states ${names.join(", ")} have`;
    needs.push(`${whose} ${what} and will give the verdict "error": ${remedy} in ${configName}.`);
  };
  if (config.promptCommand === undefined) {
    need(named(isPrompt), "a prompt, which nothing here runs,", "give --prompt-command, or prompt.command");
  }
  if (config.modelCommand === undefined && llm?.enabled !== false) {
    need(
      named(asksModel),
      "an evaluator that asks a model, which is not there,",
      "give --model-command, or model.command",
    );
  }
  const lacksServer = (state: StateDefinition) => isTool(state) && !hasServer(state, config);
  need(named(lacksServer), "a tool of an MCP server that is not known,", "name the server under mcp.servers");
  return needs;
}

export function noteNeeds(terminal: Terminal, definition: LoopDefinition, config: Config): void {
  for (const need of unmetNeeds(definition, config)) note(terminal, `warning: ${definition.name}: ${need}`);
}

function isPrompt({ action, action_type }: StateDefinition): boolean {
  if (action === undefined) return false;
  return action_type === undefined ? action.startsWith("/") : ["prompt", "slash_command"].includes(action_type);
}

/** A prompt is judged by a model where nothing else is said; after `next` nobody judges. */
function asksModel(state: StateDefinition): boolean {
  if (state.next !== undefined) return false;
  return state.evaluate === undefined ? isPrompt(state) : state.evaluate.type === "llm_structured";
}

function isTool({ action, action_type }: StateDefinition): boolean {
  return action !== undefined && action_type === "mcp_tool";
}

/** A name that is known only when it runs is not held against it. */
function hasServer({ action = "" }: StateDefinition, { mcpServers }: Config): boolean {
  const [server = ""] = action.trim().split("/");
  return server.includes("${") || Object.hasOwn(mcpServers, server);
}
