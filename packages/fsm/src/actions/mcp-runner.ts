import { identifyProcess } from "@loops/core/process";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type InProcessResult, inProcessAction } from "./in-process.js";
import { callTool, leave, notFound, reasonOf } from "./mcp-call.js";
import { type McpProcess, spawnMcpServer } from "./mcp-process.js";
import { loadMcpSdk, type McpSdk } from "./mcp-sdk.js";
import { checkServers, type McpHttpServer, type McpServer } from "./mcp-server.js";
import { endOrphan } from "./orphan.js";
import type { ActionRequest, ActionRunner, PreparedAction } from "./runner.js";

export interface McpRunnerOptions {
  /** By the name that comes before the slash of an action: `server/tool`. */
  readonly servers: Readonly<Record<string, McpServer>>;
}

const killGraceMs = 2_000;

/**
 * Runs `mcp_tool` actions through the official client of the Model Context Protocol, an optional peer dependency: the
 * text of the action is `server/tool`, its arguments are the state's `params`. The output is the tool's result as JSON;
 * exit code 0, 1 where the result says `isError` or the server fails, 127 for a server or tool that is not there, 124
 * after the timeout, which is what `mcp_result` judges.
 *
 * An action has a connection of its own, and leaves none behind: what a server keeps between two calls is lost. A server
 * that is a program is a process group of its own, on record like that of a shell action; it is given a second to end
 * once the tool has answered, and is ended then. After a kill of the engine it is ended by whoever resumes the run.
 *
 * @throws LoopsError `LOOPS_CONFIG` for servers that are none; when an action runs, `LOOPS_NOT_INSTALLED` where the client
 * is not installed
 */
export function mcpRunner(options: McpRunnerOptions): ActionRunner {
  const { servers } = options ?? {};
  checkServers(servers);
  return {
    async prepare(request) {
      const [name = "", ...rest] = request.command.trim().split("/");
      const server = Object.hasOwn(servers, name) ? servers[name] : undefined;
      const tool = rest.join("/");
      if (server === undefined || tool === "") {
        return inProcessAction(request, { work: () => notFound(whatIsWrong(request, servers)) });
      }
      const sdk = await loadMcpSdk();
      if ("url" in server) return httpAction(sdk, server, tool, request);
      return stdioAction(sdk, await spawnMcpServer(sdk, server, request), tool, request);
    },
    endOrphan: (process, { timeoutMs, runId }) => endOrphan(process, { timeoutMs, runId, killGraceMs }),
  };
}

function whatIsWrong({ command }: ActionRequest, servers: McpRunnerOptions["servers"]): string {
  const known = Object.keys(servers).join(", ") || "none";
  return `there is no server for ${JSON.stringify(command)}: write server/tool; known servers: ${known}`;
}

function stdioAction(sdk: McpSdk, server: McpProcess, tool: string, request: ActionRequest): PreparedAction {
  const client = newClient(sdk);
  return inProcessAction(request, {
    process: identifyProcess(server.pid),
    abandon: () => server.discard(),
    work: ({ signal }) =>
      callTool(client, server, { tool, request, signal }).catch((error) => {
        if (server.isMissing()) return notFound(`the server cannot be run: ${server.stderr().trim()}`);
        return failed(request, error, server.stderr());
      }),
    clearUp: async (atOnce) => {
      await leave(client, server);
      await server.end(atOnce);
    },
  });
}

function httpAction(
  sdk: McpSdk,
  { url, headers }: McpHttpServer,
  tool: string,
  request: ActionRequest,
): PreparedAction {
  const client = newClient(sdk);
  const requestInit = { headers: { ...headers } };
  // Its optional fields are looser than the interface, under exactOptionalPropertyTypes only.
  const transport = new sdk.StreamableHTTPClientTransport(new URL(url), { requestInit }) as Transport;
  return inProcessAction(request, {
    work: ({ signal }) =>
      callTool(client, transport, { tool, request, signal }).catch((error) =>
        isAbsent(error) ? notFound(`no server at ${url}: ${reasonOf(error)}`) : failed(request, error),
      ),
    clearUp: () => leave(client, transport),
  });
}

function newClient(sdk: McpSdk) {
  return new sdk.Client({ name: "loops", version: "0.1.0" });
}

function failed({ command }: ActionRequest, error: unknown, said = ""): InProcessResult {
  return { output: "", stderr: `[mcp-runner] ${command}: ${reasonOf(error)}\n${said}`, exit_code: 1 };
}

/** Nobody there, no such host, or another kind of server. */
function isAbsent(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  return code === 404 || cause?.code === "ECONNREFUSED" || cause?.code === "ENOTFOUND";
}
