import { effect, signal } from "@preact/signals";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const key = "loops.theme";

/** What the reader has chosen; `system` is what the system says. Kept for this browser. */
export const theme = signal<Theme>(themes.find((one) => one === localStorage.getItem(key)) ?? "system");

effect(() => {
  if (theme.value === "system") {
    localStorage.removeItem(key);
    delete document.documentElement.dataset["theme"];
  } else {
    localStorage.setItem(key, theme.value);
    document.documentElement.dataset["theme"] = theme.value;
  }
});
