#!/usr/bin/env node
import { main } from "./main.js";
import { processTerminal } from "./terminal.js";

// The code is set, not exited with: what is still on its way to a pipe must get there.
process.exitCode = await main(process.argv.slice(2), processTerminal(process));
