/** What the command's exit codes mean. */
export const exitCode = {
  /** What was asked for is done; a loop ended where it should, or waits for somebody to go on with it. */
  ok: 0,
  /** A loop failed, or ran out of iterations or time; something could not be done. */
  failed: 1,
  /** The command line, the loop file or the configuration is wrong; nothing was begun. */
  badInput: 2,
  /** A signal ended it; the run can be resumed. As shells do it: 128 and the number of SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
