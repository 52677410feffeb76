import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { LoopEvent } from "@loops/core";
import { verifyWebhook } from "@loops/webhook";
import type { Addresses, Receiver } from "./receiver.js";

/** An HTTP endpoint on loopback that takes what is signed with its secret. */
export async function startWebhookReceiver(): Promise<Receiver & { readonly address: Addresses["webhook"] }> {
  const secret = `whsec_${randomBytes(24).toString("base64")}`;
  const events: LoopEvent[] = [];
  const server = createServer(async (request, response) => {
    try {
      const body = await bodyOf(request);
      verifyWebhook({ headers: request.headers, body, secret });
      events.push(...JSON.parse(String(body)));
      response.writeHead(204).end();
    } catch {
      response.writeHead(401).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    sink: "webhook",
    address: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`, secret },
    ids: async (runId) => events.filter((event) => event["run_id"] === runId).map(({ id }) => id),
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
