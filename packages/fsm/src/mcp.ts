export {
  type McpHttpServer,
  type McpRunnerOptions,
  type McpServer,
  type McpStdioServer,
  mcpRunner,
} from "./actions/mcp-runner.js";
