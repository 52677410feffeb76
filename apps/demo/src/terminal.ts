import { processTerminal } from "@loops/cli";

/** Where the demo says what happens: as the `loops` command does. */
export const terminal = processTerminal(process);

export const { colors } = terminal;
