// Bundles the device's page and the client module into ../built, with the licences of the code that goes along.
import { cpSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle, HERE, replaceFolder, writePage } from "./bundle.mjs";
import { licencesOf } from "./licences.mjs";

await replaceFolder(join(HERE, "..", "built"), async (folder) => {
  const metafile = await bundle({ page: "src/page.ts", client: "src/client.ts" }, folder, { splitting: true });
  writePage(folder, "connect.html");
  if (existsSync(join(HERE, "samples"))) cpSync(join(HERE, "samples"), join(folder, "samples"), { recursive: true });
  writeFileSync(join(folder, "licences.txt"), licencesOf([metafile], "Code from others in this page:"));
});
