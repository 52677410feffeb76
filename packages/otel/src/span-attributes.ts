import type { LoopEvent } from "@loops/core";
import type { Attributes } from "@opentelemetry/api";
import { attributeValue } from "./attribute-value.js";
import { errorOf, outcomeOf } from "./outcome.js";

// Attributes of spans, by what is known of them and when. Their names are written out here and not taken from the table:
// an object literal with fixed names costs a tenth of one with computed names, and there is one for each event. What has
// no value is `undefined`, which is no attribute. Each takes the length of the longest text.

export function loopAttributes(event: LoopEvent, name: string, max: number): Attributes {
  const attributes: Attributes = {
    "loops.loop": name,
    "loops.run_id": attributeValue(event["run_id"], max),
    "loops.depth": attributeValue(event["depth"], max),
    "loops.parent_run_id": attributeValue(event["parent_run_id"], max),
  };
  if (event.event !== "loop_resume") return attributes;
  return {
    ...attributes,
    "loops.resumed": true,
    "loops.state": attributeValue(event["from_state"], max),
    "loops.iteration": attributeValue(event["iteration"], max),
  };
}

export function loopEndAttributes(event: LoopEvent, max: number): Attributes {
  return {
    "loops.final_state": attributeValue(event["final_state"], max),
    "loops.iterations": attributeValue(event["iterations"], max),
    "loops.terminated_by": attributeValue(outcomeOf(event), max),
    "loops.error.message": attributeValue(errorOf(event)?.message, max),
  };
}

export function stateAttributes(event: LoopEvent, loop: string, state: string, max: number): Attributes {
  return {
    "loops.loop": loop,
    "loops.run_id": attributeValue(event["run_id"], max),
    "loops.state": state,
    "loops.iteration": attributeValue(event["iteration"], max),
    "loops.attempt": attributeValue(event["attempt"], max),
  };
}

export function actionAttributes(event: LoopEvent, loop: string, state: string, max: number): Attributes {
  return {
    "loops.loop": loop,
    "loops.run_id": attributeValue(event["run_id"], max),
    "loops.state": state,
    "loops.action": attributeValue(event["action"], max),
    "gen_ai.operation.name": event["is_prompt"] === true ? "invoke_agent" : undefined,
  };
}

export function actionEndAttributes(event: LoopEvent, withOutput: boolean, max: number): Attributes {
  const { duration_ms, exit_code, output_preview, stderr_preview } = event;
  return {
    "loops.action.duration_ms": attributeValue(duration_ms, max),
    // A prompt has one, too: that of the command that asks the model.
    "process.exit.code": attributeValue(exit_code, max),
    "loops.output_preview": withOutput ? attributeValue(output_preview, max) : undefined,
    "loops.stderr_preview": withOutput ? attributeValue(stderr_preview, max) : undefined,
  };
}

/** Of an event of an earlier segment, as a span event: one that would begin or end a span, had its run one. */
export function resentAttributes(event: LoopEvent, withOutput: boolean, max: number): Attributes | undefined {
  switch (event.event) {
    case "state_enter":
      return {
        "loops.state": attributeValue(event["state"], max),
        "loops.iteration": attributeValue(event["iteration"], max),
        "loops.attempt": attributeValue(event["attempt"], max),
      };
    case "action_start":
      return { "loops.action": attributeValue(event["action"], max) };
    case "action_complete":
      return actionEndAttributes(event, withOutput, max);
    case "loop_complete":
      return loopEndAttributes(event, max);
    default:
      return undefined;
  }
}
