import { LoopsError } from "@loops/core";

/** A server that is a program: it is started for each action, in a process group of its own, and ended after it. */
export interface McpStdioServer {
  /** Name or path of a program; no shell is involved. */
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  /** Added to the few variables that such a server is given by default, and to those of every action. */
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

/** @throws LoopsError `LOOPS_CONFIG` that names the server and what is wrong with it */
export function checkServers(servers: unknown): asserts servers is Readonly<Record<string, McpServer>> {
  if (!isObject(servers)) throw wrong("servers must be an object, such as { files: { command: ... } }");
  for (const [name, server] of Object.entries(servers)) {
    const fail = (what: string) => wrong(`the server ${JSON.stringify(name)} ${what}`);
    if (name === "" || name.includes("/")) throw fail("cannot be named in an action: its name is empty or has a slash");
    if (!isObject(server)) throw fail("must be { command } or { url }");
    const { command, args = [], url, env, headers } = server;
    if ((command === undefined) === (url === undefined)) throw fail("must have either a command or a url");
    if (url !== undefined && !isHttpUrl(url)) throw fail(`has a url that is none of http or https: ${String(url)}`);
    if (command !== undefined && (typeof command !== "string" || command.trim() === "")) {
      throw fail("has a command that is no text, or empty");
    }
    if (!Array.isArray(args) || args.some((arg) => typeof arg !== "string"))
      throw fail("has args that are no list of texts");
    for (const [field, values] of Object.entries({ env, headers })) {
      if (values === undefined) continue;
      if (!isObject(values) || Object.values(values).some((value) => typeof value !== "string")) {
        throw fail(`has ${field} that is not text by name`);
      }
    }
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isHttpUrl(url: unknown): boolean {
  return typeof url === "string" && /^https?:/.test(url) && URL.canParse(url);
}

function wrong(what: string): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[mcp-runner] ${what}`);
}
