/** The page of a device: its own stream or another, drawn at every refresh of the display, with the figures. */

import { askForToken, firstClient, takeToken, wireForm } from "./connect_form.ts";
import { wireControls, wireTheme } from "./controls.ts";
import { LiveView, type Pictures } from "./live_view.ts";

/** Whether the device sends pictures: it tells in its health. */
async function picturesOfDevice(): Promise<Pictures> {
  const token = sessionStorage.getItem("token");
  try {
    const answer = await fetch("health", { headers: token ? { Authorization: `Bearer ${token}` } : {} });
    const { picture, picture_public: open } = (await answer.json()) as { picture?: boolean; picture_public?: boolean };
    return { available: picture === true, public: open === true };
  } catch {
    // The badge says already that the device does not answer.
    return { available: false, public: false };
  }
}

async function main(): Promise<void> {
  document.body.dataset["view"] = "flat";
  wireTheme();
  takeToken();
  const view = new LiveView(await firstClient(), picturesOfDevice, askForToken);
  wireForm(view);
  wireControls(view);
}

void main();
