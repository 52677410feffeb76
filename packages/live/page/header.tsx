import { formatCount } from "./format.js";
import { connection, model, now } from "./state.js";
import { theme, themes } from "./theme.js";

/** The name, how the page is connected, what was lost, and light or dark. */
export function Header() {
  return (
    <header class="bar">
      <h1>
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
          <path d="M22.5 10.5a8.5 8.5 0 1 0 2 5.5" fill="none" stroke="currentColor" stroke-width="3.4" />
          <circle cx="23" cy="10.6" r="3.8" />
        </svg>
        loops
      </h1>
      <ConnectionState />
      <Counters />
      <ThemeSwitch />
    </header>
  );
}

function ConnectionState() {
  const state = connection.value;
  const seconds = state.kind === "reconnecting" ? Math.max(0, Math.ceil((state.at - now.value) / 1000)) : 0;
  const text = {
    connecting: "connecting",
    live: "live",
    reconnecting: seconds > 0 ? `reconnecting in ${seconds} s` : "reconnecting",
    refused: "refused",
  }[state.kind];
  const why = state.kind === "reconnecting" || state.kind === "refused" ? state.reason : undefined;
  return (
    <span class={`connection ${state.kind}`} title={why} data-testid="connection">
      <span class="dot" aria-hidden="true" />
      {text}
    </span>
  );
}

function Counters() {
  const { eventCount, gapCounts, rowCount, rows } = model.value;
  const { gaps, missed, unknown } = gapCounts;
  const outOfView = rowCount - rows.length;
  return (
    <dl class="counters">
      <Counter name="events" value={formatCount(eventCount)} title="Events that this page has received" />
      <Counter
        name="gaps"
        value={formatCount(gaps)}
        alarm={gaps > 0}
        title="Places in the stream where events are missing"
      />
      <Counter
        name="missed"
        value={`${formatCount(missed)}${unknown > 0 ? " + ?" : ""}`}
        alarm={missed > 0 || unknown > 0}
        title="Events that are gone: nobody kept them until this page could read them"
      />
      <Counter
        name="out of view"
        value={formatCount(outOfView)}
        title="Older events that this page has let go of, to stay small"
      />
    </dl>
  );
}

interface CounterProps {
  readonly name: string;
  readonly value: string;
  readonly title: string;
  readonly alarm?: boolean;
}

function Counter({ name, value, title, alarm = false }: CounterProps) {
  return (
    <div class={alarm ? "counter alarm" : "counter"} title={title} data-counter={name}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

const themeSigns = { system: "◐", light: "☀", dark: "☾" } as const;

function ThemeSwitch() {
  return (
    <fieldset class="themes">
      <legend class="hidden">Colours</legend>
      {themes.map((one) => (
        <label key={one} title={one === "system" ? "as the system" : one}>
          <input
            type="radio"
            name="theme"
            value={one}
            checked={theme.value === one}
            onChange={() => {
              theme.value = one;
            }}
          />
          <span aria-hidden="true">{themeSigns[one]}</span>
          <span class="hidden">{one}</span>
        </label>
      ))}
    </fieldset>
  );
}
