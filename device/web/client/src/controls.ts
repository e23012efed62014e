/** The page's own controls: theme, view, and their keys. */

import type { LiveView } from "./live_view.ts";
import { element } from "./panel.ts";

const THEMES = ["auto", "light", "dark"];

export function wireTheme(): void {
  const button = element("theme");
  const show = (theme: string) => {
    document.documentElement.dataset["theme"] = theme;
    button.textContent = `Theme: ${theme}`;
  };
  show(localStorage.getItem("theme") ?? "auto");
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(document.documentElement.dataset["theme"] ?? "auto") + 1) % THEMES.length]!;
    localStorage.setItem("theme", next);
    show(next);
  });
}

const TIMINGS: Record<string, string> = {
  predict: "Faces are drawn where they will be when you see them.",
  smooth: "Faces are drawn a little late, between two messages, so that they glide.",
  newest: "Faces are drawn where the newest message says, a little behind the camera.",
};

const KEYS: Record<string, string> = { "1": 'input[value="flat"]', "2": 'input[value="scene"]', p: "#picture", m: "#mirror" };

export function wireControls(view: LiveView): void {
  const mirror = element<HTMLInputElement>("mirror");
  for (const choice of document.querySelectorAll<HTMLInputElement>('input[name="view"]')) {
    choice.addEventListener("change", () => void view.showView(choice.value));
  }
  for (const choice of document.querySelectorAll<HTMLInputElement>('input[name="timing"]')) {
    choice.addEventListener("change", () => (element("timing-why").textContent = TIMINGS[choice.value]!));
  }
  mirror.addEventListener("change", () => element("view").classList.toggle("mirrored", mirror.checked));
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target as HTMLElement).matches('input:not([type="radio"], [type="checkbox"]), select')) return;
    const target = KEYS[event.key.toLowerCase()];
    if (target) document.querySelector<HTMLInputElement>(target)?.click();
  });
  if (new URLSearchParams(location.search).get("view") === "scene") document.querySelector<HTMLInputElement>('input[value="scene"]')!.click();
}
