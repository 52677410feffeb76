export {
  type ActionFunction,
  type FunctionCall,
  type FunctionResult,
  functionRunner,
} from "./actions/function-runner.js";
export { type PromptRunnerOptions, promptRunner } from "./actions/prompt-runner.js";
export type { ActionOutcome, ActionRequest, ActionRunner, PreparedAction } from "./actions/runner.js";
export { type ShellRunnerOptions, shellRunner } from "./actions/shell-runner.js";
export { defaultLlm } from "./definition/default-llm.js";
export { defineLoop, type LoopInput, type StateInput, type Target } from "./definition/define-loop.js";
export type { FileRequest, LoopFile } from "./definition/expansion.js";
export { definitionHash } from "./definition/hash.js";
export { type JsonSchema, loopJsonSchema } from "./definition/json-schema.js";
export { loadLoop, type ParsedLoop, type ParseLoopOptions, parseLoop } from "./definition/load.js";
export { checkLoopName } from "./definition/names.js";
export {
  LoopDefinitionError,
  type LoopDefinitionErrorCode,
  type LoopProblem,
  type Severity,
} from "./definition/problem.js";
export type { LoopExtensions } from "./definition/schema.js";
export { didYouMean } from "./definition/suggest.js";
export { resolveTarget } from "./definition/targets.js";
export type * from "./definition/types.js";
export type { ResolveLoop } from "./engine/child-definition.js";
export type { Clock } from "./engine/clock.js";
export type { EventSink } from "./engine/event-sink.js";
export type {
  ActionContext,
  ActionDoubt,
  BegunRun,
  EngineOptions,
  ResumeLoopOptions,
  RunLimits,
  RunLoopOptions,
  RunResult,
} from "./engine/options.js";
export { resumeLoop } from "./engine/resume-loop.js";
export { runLoop } from "./engine/run-loop.js";
export { type AskModelByCommandOptions, askModelByCommand } from "./evaluators/ask-model-by-command.js";
export { evaluate } from "./evaluators/evaluate.js";
export type {
  AskModel,
  CustomEvaluator,
  Evaluation,
  EvaluationRequest,
  EvaluatorEffects,
  EvaluatorInput,
  EvaluatorMemory,
  ModelQuestion,
  Verdict,
} from "./evaluators/evaluation.js";
export { type GitDiffStatOptions, gitDiffStat } from "./evaluators/git-diff-stat.js";
export { ModelError, type ModelErrorKind } from "./evaluators/model-error.js";
export type * from "./events.js";
export { interpolate } from "./interpolate.js";
export type { InterpolationScope } from "./interpolate-scope.js";
export type * from "./run-state.js";
export { type ScenarioAnswer, type ScenarioFunction, type ScenarioName, scenarioNames } from "./simulate/scenario.js";
export { type SimulateLoopOptions, type SimulationResult, simulateLoop } from "./simulate/simulate-loop.js";
export { step } from "./step/step.js";
export type { EventDraft, Facts, Next, PlannedAction, Step, StepInput } from "./step/types.js";
export { type FileStoreOptions, fileStore } from "./store/file-store.js";
export { type MemoryStoreOptions, memoryStore } from "./store/memory-store.js";
export type { StoreFs, StoreWarning } from "./store/store-context.js";
