import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

export interface WindowListProps<T> {
  readonly items: readonly T[];
  readonly keyOf: (item: T) => number;
  readonly rowHeight: number;
  readonly label: string;
  readonly id: string;
  /** Which row is looked at more closely, by key. */
  readonly active: number | null;
  readonly onActive: (key: number | null) => void;
  readonly classOf: (item: T) => string;
  readonly children: (item: T) => ComponentChildren;
}

/** Rows above and below what is seen, so that scrolling shows no holes. */
const overscan = 6;

/**
 * A list of which only the rows that are seen exist. Whoever stands at its end stays there while it grows; whoever has gone
 * back keeps the rows in sight, also when old ones go.
 */
export function WindowList<T>(props: WindowListProps<T>) {
  const { items, keyOf, rowHeight, label, id, active, onActive, classOf, children } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 400 });
  const sticks = useRef(true);
  const firstKey = items[0] === undefined ? 0 : keyOf(items[0]);
  const before = useRef(firstKey);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      if (sticks.current) element.scrollTop = element.scrollHeight;
      setView({ top: element.scrollTop, height: element.clientHeight });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    if (sticks.current) element.scrollTop = element.scrollHeight;
    else if (firstKey > before.current) element.scrollTop -= (firstKey - before.current) * rowHeight;
    before.current = firstKey;
    if (element.scrollTop !== view.top) setView({ top: element.scrollTop, height: element.clientHeight });
  });

  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan);
  const last = Math.min(items.length, Math.ceil((view.top + view.height) / rowHeight) + overscan);
  const activeIndex = active === null ? -1 : items.findIndex((item) => keyOf(item) === active);

  const go = (index: number) => {
    const item = items[Math.max(0, Math.min(items.length - 1, index))];
    const element = box.current;
    if (item === undefined || element === null) return;
    onActive(keyOf(item));
    // Known before the scroll is heard of: drawing in between would go back to the end.
    sticks.current = item === items.at(-1);
    const top = items.indexOf(item) * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + rowHeight - element.clientHeight;
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 1);
    const from = activeIndex < 0 ? items.length : activeIndex;
    const target: Readonly<Record<string, number>> = {
      ArrowDown: from + 1,
      ArrowUp: from - 1,
      PageDown: from + page,
      PageUp: from - page,
      Home: 0,
      End: items.length - 1,
    };
    const index = target[event.key];
    if (index !== undefined) {
      event.preventDefault();
      go(index);
    } else if (event.key === "Escape" && active !== null) {
      event.preventDefault();
      onActive(null);
    }
  };

  return (
    <div
      ref={box}
      class="window"
      role="listbox"
      aria-label={label}
      aria-activedescendant={activeIndex < 0 ? undefined : `${id}-${active}`}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onScroll={(event) => {
        const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
        sticks.current = scrollTop + clientHeight >= scrollHeight - rowHeight;
        setView({ top: scrollTop, height: clientHeight });
      }}
    >
      <div class="window-space" style={{ height: `${items.length * rowHeight}px` }}>
        <div class="window-rows" style={{ transform: `translateY(${first * rowHeight}px)` }}>
          {items.slice(first, last).map((item, offset) => {
            const key = keyOf(item);
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the list itself has the keys
              // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and says which option is meant
              <div
                key={key}
                id={`${id}-${key}`}
                role="option"
                aria-selected={key === active}
                aria-posinset={first + offset + 1}
                aria-setsize={items.length}
                class={`row ${classOf(item)}`}
                style={{ height: `${rowHeight}px` }}
                onClick={() => onActive(key === active ? null : key)}
              >
                {children(item)}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
