import { createLogUpdate } from "log-update";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const frameMs = 100;

/** The last line of a terminal, which moves while something goes on. Other lines are said above it. */
export interface LiveLine {
  /** What goes on from now on. */
  show(text: string): void;
  /** Makes room for a line above; what goes on is shown again below it. */
  lift(): void;
  /** Nothing goes on. */
  clear(): void;
}

export function liveLine(stream: NodeJS.WriteStream): LiveLine {
  const update = createLogUpdate(stream);
  let timer: NodeJS.Timeout | undefined;
  let shown = false;
  const clear = () => {
    clearInterval(timer);
    // An action that was over before anything was shown leaves no traces.
    if (!shown) return;
    shown = false;
    update.clear();
    // Gives the cursor back.
    update.done();
  };
  return {
    show(text) {
      clear();
      const began = performance.now();
      timer = setInterval(() => {
        const ms = performance.now() - began;
        const frame = frames[Math.floor(ms / frameMs) % frames.length];
        shown = true;
        update(`${frame} ${text} ${(ms / 1000).toFixed(1)} s`);
      }, frameMs).unref();
    },
    lift() {
      if (shown) update.clear();
    },
    clear,
  };
}

/** Where lines cannot be written over. */
export const noLiveLine: LiveLine = { show() {}, lift() {}, clear() {} };
