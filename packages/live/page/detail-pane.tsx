import type { ComponentChildren } from "preact";
import { clip } from "../src/model/clip.js";
import { formatCount } from "./format.js";

interface DetailPaneProps {
  /** What it tells of: `event`, `step`. */
  readonly of: string;
  /** The long text, as it is. */
  readonly text: string;
  readonly onClose: () => void;
  readonly children?: ComponentChildren;
}

/** More would keep the page from answering while it is laid out. */
const maxLetters = 50_000;

/** All of one row. Escape or its button closes it, and the list above has the focus again. */
export function DetailPane({ of, text, onClose, children }: DetailPaneProps) {
  const close = (pane: HTMLElement | null) => {
    pane?.parentElement?.querySelector<HTMLElement>('[role="listbox"]')?.focus();
    onClose();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: what it holds has the focus; the key is for all of it
    <div
      class="detail-pane"
      onKeyDown={(event) => {
        if (event.key === "Escape") close(event.currentTarget);
      }}
    >
      <button
        type="button"
        class="close"
        aria-label={`Close the details of this ${of}`}
        onClick={(event) => close(event.currentTarget.parentElement)}
      >
        ×
      </button>
      {children}
      <pre>{clip(text, maxLetters)}</pre>
      {text.length > maxLetters && <p class="muted">{formatCount(text.length - maxLetters)} more characters</p>}
    </div>
  );
}
