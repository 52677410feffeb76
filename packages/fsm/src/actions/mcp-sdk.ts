import { LoopsError } from "@loops/core";

/** What is used of the official client. */
export type McpSdk = Awaited<ReturnType<typeof load>>;

/** Loaded by the first action, so that a program without one needs no client. @throws LoopsError `LOOPS_NOT_INSTALLED` */
export async function loadMcpSdk(): Promise<McpSdk> {
  try {
    return await load();
  } catch (cause) {
    const isMissing =
      (cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND" &&
      String(cause).includes("@modelcontextprotocol/sdk");
    if (!isMissing) throw cause;
    const message =
      "[mcp-runner] the client of the Model Context Protocol is missing; run: npm install @modelcontextprotocol/sdk";
    throw new LoopsError("LOOPS_NOT_INSTALLED", message, { cause });
  }
}

async function load() {
  const [{ Client }, { getDefaultEnvironment }, { StreamableHTTPClientTransport }, { ReadBuffer, serializeMessage }] =
    await Promise.all([
      import("@modelcontextprotocol/sdk/client/index.js"),
      import("@modelcontextprotocol/sdk/client/stdio.js"),
      import("@modelcontextprotocol/sdk/client/streamableHttp.js"),
      import("@modelcontextprotocol/sdk/shared/stdio.js"),
    ]);
  return { Client, getDefaultEnvironment, StreamableHTTPClientTransport, ReadBuffer, serializeMessage };
}
