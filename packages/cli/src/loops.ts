#!/usr/bin/env node
import module from "node:module";

// Half of the time to a first line is spent on compiling: from its second start on, Node 22 and later need not.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
const { main } = await import("./main.js");
const { withoutSqliteWarning } = await import("./sqlite-warning.js");
const { processTerminal } = await import("./terminal.js");

withoutSqliteWarning(process);
const code = await main(process.argv.slice(2), processTerminal(process));
// Set, not exited with: what is still on its way to a pipe must get there. An output that failed has set its own.
process.exitCode = code || process.exitCode;
