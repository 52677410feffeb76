/** What an engine typically emits, without what the bus stamps. */
export const fiveFields = {
  event: "state_enter",
  run_id: "01JQZX5N5M8YB4Q2W7K3C9T6RD",
  loop: "fix-until-clean",
  state: "evaluate",
  iteration: 7,
} as const;

/** The same with fifteen more fields: an action's result. */
export const twentyFields = {
  ...fiveFields,
  ...Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`field_${index}`, index % 2 ? index : `v${index}`])),
} as const;
