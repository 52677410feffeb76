import { errorMessage, LoopsError } from "@loops/core";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type InProcessResult, inProcessAction } from "./in-process.js";
import type { ActionRequest, ActionRunner } from "./runner.js";

/** A server that is a program: it is started for each action, and ended after it. */
export interface McpStdioServer {
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  /** Added to the few variables that such a server is given by default. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** @default the working directory of the run's actions */
  readonly cwd?: string | undefined;
}

/** A server that is reached over Streamable HTTP. */
export interface McpHttpServer {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export type McpServer = McpStdioServer | McpHttpServer;

export interface McpRunnerOptions {
  /** By the name that comes before the slash of an action: `server/tool`. */
  readonly servers: Readonly<Record<string, McpServer>>;
}

const notFoundExitCode = 127;

/**
 * Runs `mcp_tool` actions through the official client of the Model Context Protocol, an optional peer dependency: the
 * text of the action is `server/tool`, its arguments are the state's `params`. The output is the tool's result as JSON;
 * exit code 0, 1 where the result says `isError`, 127 for a server or tool that is not there, 124 after the timeout,
 * which is what `mcp_result` judges.
 *
 * An action has a connection of its own, and leaves none behind: what a server keeps between two calls is lost.
 *
 * @throws LoopsError `LOOPS_NOT_INSTALLED` when an action runs and the client is not installed
 */
export function mcpRunner({ servers }: McpRunnerOptions): ActionRunner {
  return {
    async prepare(request) {
      const sdk = await loadClient();
      return inProcessAction(request, ({ signal }) => callTool(sdk, servers, request, signal));
    },
    // A server whose client is gone reads the end of its input, and ends.
    endOrphan: () => Promise.resolve(false),
  };
}

async function callTool(
  sdk: Sdk,
  servers: McpRunnerOptions["servers"],
  request: ActionRequest,
  signal: AbortSignal,
): Promise<InProcessResult> {
  const [name = "", ...rest] = request.command.trim().split("/");
  const tool = rest.join("/");
  const server = Object.hasOwn(servers, name) ? servers[name] : undefined;
  if (server === undefined || tool === "") {
    const known = Object.keys(servers).join(", ") || "none";
    return notFound(`there is no server for "${request.command}": write server/tool; known servers: ${known}`);
  }
  const client = new sdk.Client({ name: "loops", version: "0.1.0" });
  try {
    await client.connect(transportTo(sdk, server, request), { signal, timeout: request.timeoutMs });
    return await call(client, tool, request, signal);
  } catch (error) {
    if (isMissing(error)) return notFound(errorMessage(error));
    return { output: "", stderr: `[mcp-runner] ${request.command}: ${errorMessage(error)}\n`, exit_code: 1 };
  } finally {
    await client.close().catch(() => {});
  }
}

async function call(
  client: Client,
  tool: string,
  request: ActionRequest,
  signal: AbortSignal,
): Promise<InProcessResult> {
  const { tools } = await client.listTools({}, { signal, timeout: request.timeoutMs });
  if (!tools.some((known) => known.name === tool)) {
    return notFound(`the server has no tool "${tool}"; it has: ${tools.map((known) => known.name).join(", ")}`);
  }
  const given = { name: tool, arguments: { ...request.params } };
  const result = await client.callTool(given, undefined, { signal, timeout: request.timeoutMs });
  return { output: `${JSON.stringify(result)}\n`, stderr: "", exit_code: result.isError === true ? 1 : 0 };
}

function transportTo(sdk: Sdk, server: McpServer, { cwd }: ActionRequest): Transport {
  if ("url" in server) {
    const requestInit = { headers: { ...server.headers } };
    // Its optional fields are looser than the interface, under exactOptionalPropertyTypes only.
    return new sdk.StreamableHTTPClientTransport(new URL(server.url), { requestInit }) as Transport;
  }
  const { command, args = [], env = {} } = server;
  return new sdk.StdioClientTransport({
    command,
    args: [...args],
    env: { ...sdk.getDefaultEnvironment(), ...env },
    cwd: server.cwd ?? cwd,
    stderr: "ignore",
  });
}

function notFound(why: string): InProcessResult {
  return { output: "", stderr: `[mcp-runner] ${why}\n`, exit_code: notFoundExitCode };
}

/** A program that is not installed, or a host that refuses. */
function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

type Sdk = Awaited<ReturnType<typeof loadClient>>;

/** Loaded by the first action, so that a program without one needs no client. @throws LoopsError `LOOPS_NOT_INSTALLED` */
async function loadClient() {
  try {
    const [{ Client }, { getDefaultEnvironment, StdioClientTransport }, { StreamableHTTPClientTransport }] =
      await Promise.all([
        import("@modelcontextprotocol/sdk/client/index.js"),
        import("@modelcontextprotocol/sdk/client/stdio.js"),
        import("@modelcontextprotocol/sdk/client/streamableHttp.js"),
      ]);
    return { Client, getDefaultEnvironment, StdioClientTransport, StreamableHTTPClientTransport };
  } catch (cause) {
    const message =
      "[mcp-runner] the client of the Model Context Protocol is missing; run: npm install @modelcontextprotocol/sdk";
    throw new LoopsError("LOOPS_NOT_INSTALLED", message, { cause });
  }
}
