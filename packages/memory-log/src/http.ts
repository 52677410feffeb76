export type { ActivityHandlerOptions } from "./http/activity-options.js";
export { type ActivityHandler, createActivityHandler } from "./http/create-activity-handler.js";
