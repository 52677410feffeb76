import { computed, effect, signal } from "@preact/signals";
import { clip } from "../src/model/clip.js";
import { emptyModel, reduce } from "../src/model/model.js";
import { type Run, shownStatus } from "../src/model/run.js";
import { runTree } from "../src/model/run-tree.js";
import { type Connection, startFeed } from "./feed.js";
import { formatStatus, lineLetters } from "./format.js";
import { startAnewWithToken, takeToken } from "./token.js";

export const model = signal(emptyModel());
export const connection = signal<Connection>({ kind: "connecting" });

/** The time, a second at a time: for what has gone on so long. */
export const now = signal(Date.now());

/** The run that the reader chose; `null`: the one that is most likely of interest. */
export const chosen = signal<string | null>(null);

export const listed = computed(() => runTree(model.value.runs.values()));

export const selected = computed<Run | undefined>(() => {
  const { runs } = model.value;
  return (chosen.value === null ? undefined : runs.get(chosen.value)) ?? listed.value[0]?.run;
});

/** What is said aloud when it changes. */
export const announcement = signal("");

export function start(): void {
  const token = takeToken();
  startAnewWithToken();
  setInterval(() => {
    now.value = Date.now();
  }, 1000);
  effect(() => {
    const run = selected.value;
    document.title =
      run === undefined
        ? "loops"
        : `${clip(`${run.loop}: ${run.current_state ?? shownStatus(run)}`, lineLetters)} – loops`;
  });
  announceChanges();
  void startFeed({
    token,
    model: () => model.peek(),
    take: (items) => {
      model.value = reduce(model.peek(), items);
    },
    connection: (state) => {
      connection.value = state;
    },
  });
}

const announceMs = 1000;

/** At most so often: a fast loop would be nothing but noise. */
function announceChanges(): void {
  const said = computed(() => {
    const run = selected.value;
    if (connection.value.kind === "reconnecting") return "Connection lost, reconnecting.";
    if (run === undefined) return "";
    const status = shownStatus(run);
    const how =
      status === "running" && run.current_state !== null ? `state ${run.current_state}` : formatStatus(status);
    return clip(`${run.loop}: ${how}`, lineLetters);
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const say = () => {
    timer = undefined;
    if (announcement.peek() === said.peek()) return;
    announcement.value = said.peek();
    timer = setTimeout(say, announceMs);
  };
  effect(() => {
    void said.value;
    if (timer === undefined) say();
  });
}
