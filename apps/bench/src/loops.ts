import { defineLoop } from "@loops/fsm";

const actionTypes = ["function"] as const;
const states = {
  ping: { action: "count", action_type: "function", on_yes: "pong", on_error: "broken" },
  pong: { action: "count", action_type: "function", on_yes: "ping", on_error: "broken" },
  broken: { terminal: true },
} as const;

/** Two states that lead to each other for as long as their action succeeds. */
export const roundTrip = defineLoop({ name: "round-trip", initial: "ping", states }, { actionTypes });

/** The same, behind a state whose output is kept: a run holds it from then on. */
export const roundTripHolding = defineLoop(
  {
    name: "round-trip-holding",
    initial: "hold",
    states: {
      hold: { action: "hold", action_type: "function", capture: "held", on_yes: "ping", on_error: "broken" },
      ...states,
    },
  },
  { actionTypes },
);
