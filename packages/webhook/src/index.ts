export { type CloudEvent, fromCloudEvent, toCloudEvent } from "./cloud-event.js";
export { createTransport } from "./create-transport.js";
export type { DeadLetter } from "./dead-letters.js";
export { type VerifiedWebhook, type VerifyWebhookOptions, verifyWebhook } from "./verify-webhook.js";
export type { SpoolOptions, WebhookBody, WebhookFormat, WebhookTransportOptions } from "./webhook-options.js";
export { type WebhookTransport, webhookTransport } from "./webhook-transport.js";
