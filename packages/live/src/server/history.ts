import type { IncomingMessage, ServerResponse } from "node:http";
import type { EventLog } from "@loops/core";
import { createActivityHandler } from "@loops/memory-log/http";

/** Answers one request for a page of the log. */
export type HistoryHandler = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>;

/** The memory log's own handler, for pages only: streams come by WebSocket. */
export function historyHandler(log: EventLog): HistoryHandler {
  const handle = createActivityHandler(log);
  return async (request, response, url) => {
    url.searchParams.delete("stream");
    const method = request.method ?? "GET";
    const answer = await handle(new Request(url, { method, headers: { accept: "application/json" } }));
    const body = Buffer.from(await answer.arrayBuffer());
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(body);
  };
}
