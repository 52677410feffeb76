/** Milliseconds by what a round may be measured with; each only goes forward. */
export const clocks = {
  wall: () => performance.now(),
  /** Of all threads of this process. */
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
} as const satisfies Record<string, () => number>;
