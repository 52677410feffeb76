// A file system that ends this process with SIGKILL at one of the calls that change something.
import fs from "node:fs";
import { basename } from "node:path";

const changing = [
  "writeSync",
  "openSync",
  "renameSync",
  "linkSync",
  "rmSync",
  "mkdirSync",
  "ftruncateSync",
  "truncateSync",
  "copyFileSync",
  "fsyncSync",
  "fdatasyncSync",
];

/**
 * @param at which call, from 1; 0 is none
 * @param when "before" it, "after" it, or within: "part", where a write gets `share` of its bytes out
 * @param onCall is told of each call before it is made
 */
export function countedFs({ at, when, share = 0.5 }, onCall = () => {}) {
  let count = 0;
  const counted = (name) =>
    function call(...parameters) {
      if (name === "openSync" && parameters[1] === "r") return fs[name](...parameters);
      count += 1;
      onCall(name, typeof parameters[0] === "string" ? basename(parameters[0]) : "");
      const here = count === at;
      if (here && when === "before") die();
      if (here && when === "part" && name === "writeSync") {
        const [fd, bytes, offset, length] = parameters;
        fs.writeSync(fd, bytes, offset, Math.max(1, Math.floor(length * share)));
        die();
      }
      const result = fs[name](...parameters);
      if (here) die();
      return result;
    };
  return Object.fromEntries(changing.map((name) => [name, counted(name)]));
}

function die() {
  process.kill(process.pid, "SIGKILL");
  // Should the signal take a moment: nothing more is done.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
