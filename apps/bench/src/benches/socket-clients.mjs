// The clients of the socket benchmarks, in a process of their own: they read, count what came, and say when all of it has.
import { connect } from "node:net";
import { WebSocket } from "ws";

const newline = 0x0a;
/** Counters of frames by the name of the side, one for each client. */
const sides = new Map();

process.on("message", ({ side, open, count, total, number }) => {
  if (open !== undefined) void openClients(side, open, count, number);
  else sides.get(side).expect(total);
});
process.on("disconnect", () => process.exit());

async function openClients(side, target, count, number) {
  const frames = new Array(count).fill(0);
  let total = Number.POSITIVE_INFINITY;
  const look = () => {
    if (frames.some((seen) => seen < total)) return;
    total = Number.POSITIVE_INFINITY;
    process.send({ reached: side });
  };
  const onFrames = (index, seen) => {
    frames[index] += seen;
    if (frames[index] >= total) look();
  };
  sides.set(side, {
    expect(wanted) {
      total = wanted;
      look();
    },
  });
  const connections = frames.map((_, index) => connection(target, (seen) => onFrames(index, seen)));
  await Promise.all(connections);
  process.send({ opened: number });
}

/** Resolves when it is connected. */
function connection(target, onFrames) {
  return new Promise((resolve, reject) => {
    if (target.startsWith("ws:")) {
      const socket = new WebSocket(target, { perMessageDeflate: false });
      socket
        .on("message", () => onFrames(1))
        .on("error", reject)
        .on("open", resolve);
      return;
    }
    const socket = connect(target, resolve).on("error", reject);
    socket.on("data", (bytes) => {
      let lines = 0;
      for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) lines++;
      onFrames(lines);
    });
  });
}
