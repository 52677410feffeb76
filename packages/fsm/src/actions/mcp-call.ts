import { setTimeout as delay } from "node:timers/promises";
import { errorMessage, timerMs } from "@loops/core";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { InProcessResult } from "./in-process.js";
import type { ActionRequest } from "./runner.js";

/** A tool to call. */
export interface McpCall {
  readonly tool: string;
  readonly request: ActionRequest;
  readonly signal: AbortSignal;
}

const notFoundExitCode = 127;
/** JSON-RPC: the server knows nothing of tools. */
const methodNotFound = -32601;
const goodbyeMs = 1_000;

/** Connects, and calls a tool. Rejects where the server does not answer as it should. */
export async function callTool(
  client: Client,
  transport: Transport,
  { tool, request, signal }: McpCall,
): Promise<InProcessResult> {
  // The deadline is the action's, which the signal tells of.
  const options = { signal, timeout: timerMs(Number.POSITIVE_INFINITY) };
  await client.connect(transport, options);
  const tools = await toolsOf(client, tool, options);
  if (!tools.includes(tool)) {
    return notFound(`the server has no tool ${JSON.stringify(tool)}; it has: ${tools.join(", ") || "none"}`);
  }
  const result = await client.callTool({ name: tool, arguments: { ...request.params } }, undefined, options);
  const exit_code = result["isError"] === true ? 1 : 0;
  return { output: `${JSON.stringify(result)}\n`, stderr: "", exit_code };
}

/** Leaves the server. One over HTTP may keep a session until it is told that nobody comes back. Takes a second at most. */
export async function leave(client: Client, transport: Transport): Promise<void> {
  const { terminateSession } = transport as { terminateSession?: () => Promise<void> };
  if (terminateSession !== undefined) {
    // One that does not want to hear of it forgets the session by itself.
    const saying = terminateSession.call(transport).catch(() => undefined);
    await Promise.race([saying, delay(goodbyeMs, undefined, { ref: false })]);
  }
  await client.close().catch(() => undefined);
}

export function notFound(why: string): InProcessResult {
  return { output: "", stderr: `[mcp-runner] ${why}\n`, exit_code: notFoundExitCode };
}

/** Why a server could not be talked to, with what the system said below the words of the client. */
export function reasonOf(error: unknown): string {
  const { cause } = error as Error;
  return cause === undefined ? errorMessage(error) : `${errorMessage(error)}: ${errorMessage(cause)}`;
}

/** The names of the server's tools, up to the page with the one that is looked for. */
async function toolsOf(client: Client, wanted: string, options: { readonly signal: AbortSignal; timeout: number }) {
  const names: string[] = [];
  const seen = new Set<string | undefined>();
  for (let cursor: string | undefined; !seen.has(cursor); ) {
    seen.add(cursor);
    try {
      const page = await client.listTools(cursor === undefined ? {} : { cursor }, options);
      names.push(...page.tools.map(({ name }) => name));
      if (page.nextCursor === undefined || names.includes(wanted)) break;
      cursor = page.nextCursor;
    } catch (error) {
      if ((error as { code?: unknown }).code !== methodNotFound) throw error;
      break;
    }
  }
  return names;
}
