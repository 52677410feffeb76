export { type McpRunnerOptions, mcpRunner } from "./actions/mcp-runner.js";
export type { McpHttpServer, McpServer, McpStdioServer } from "./actions/mcp-server.js";
