// What a loop that is killed, and one that goes on with it, have around them.
import { appendFileSync } from "node:fs";
import { join } from "node:path";

/** A bus whose only sink has each event on record at once. */
export function appendingBus(dir, onEvent = () => {}) {
  return {
    emit(event) {
      onEvent();
      appendFileSync(join(dir, "emitted"), `${event.id}\n`);
    },
  };
}

/** For actions: `eval "$BEGIN"` puts one on record, `eval "$STAY"` keeps it alive where its engine has died. */
export function shellEnvironment(dir) {
  return {
    DIR: dir,
    ENGINE: String(process.pid),
    BEGIN:
      'exec 9>"$DIR/lock"; flock -n 9 || { echo "$LOOPS_IDEMPOTENCY_KEY" >>"$DIR/beside"; exit 99; }; ' +
      'echo "$LOOPS_IDEMPOTENCY_KEY" >>"$DIR/ledger"; echo "$$" >>"$DIR/pids"',
    // For longer than any resume takes to come.
    STAY: 'kill -0 "$ENGINE" 2>/dev/null || sleep 60',
  };
}
