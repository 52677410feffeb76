// The receiver of the webhook benchmarks, in a process of its own: answers each POST after so many milliseconds, and
// says to a GET how many of them its path has had.
import { createServer } from "node:http";

const delayMs = Number(process.argv[2]);
const posts = new Map();

const server = createServer((request, response) => {
  const { url } = request;
  request.resume().on("end", () => {
    if (request.method === "GET") return void response.end(String(posts.get(url) ?? 0));
    posts.set(url, (posts.get(url) ?? 0) + 1);
    const answer = () => response.writeHead(204).end();
    if (delayMs > 0) setTimeout(answer, delayMs);
    else answer();
  });
});
server.listen(0, "127.0.0.1", () => process.send(server.address().port));
process.on("disconnect", () => process.exit());
