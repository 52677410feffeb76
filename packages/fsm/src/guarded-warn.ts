import { errorMessage } from "@loops/core";

/**
 * `tell`, called so that it cannot end what warns: warnings come from timers and promises of nobody, where what it
 * throws would end the process. It becomes a process warning instead, with what was to be told.
 */
export function guardedWarn<W extends { readonly message: string }>(tell: (warning: W) => void): (warning: W) => void {
  return (warning) => {
    try {
      tell(warning);
    } catch (error) {
      process.emitWarning(`onWarning threw (${errorMessage(error)}) when it was told: ${warning.message}`);
    }
  };
}
