// Bundles the page and the client module into ../built, with the licences of the code that goes along.
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { licencesOf } from "./licences.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const BUILT = join(HERE, "..", "built");
const BANNER = "// Part of landmarks, Apache-2.0. Licences of the code from others that is bundled here: licences.txt";

// Built beside and renamed, so that a daemon that is just starting never sees half of it.
const beside = `${BUILT}.${process.pid}`;
mkdirSync(beside, { recursive: true });
try {
  const { metafile } = await build({
    absWorkingDir: HERE,
    entryPoints: { page: "src/page.ts", client: "src/client.ts" },
    outdir: beside,
    bundle: true, minify: true, splitting: true, metafile: true, treeShaking: true,
    format: "esm", target: "es2022", platform: "browser",
    chunkNames: "[name]-[hash]",
    banner: { js: BANNER },
    legalComments: "inline",
    logLevel: "warning",
  });
  for (const name of readdirSync(join(HERE, "page"))) copyFileSync(join(HERE, "page", name), join(beside, name));
  if (existsSync(join(HERE, "samples"))) cpSync(join(HERE, "samples"), join(beside, "samples"), { recursive: true });
  writeFileSync(join(beside, "licences.txt"), licencesOf(metafile, "Code from others in this page:"));
  rmSync(BUILT, { recursive: true, force: true });
  renameSync(beside, BUILT);
  for (const [path, { bytes }] of Object.entries(metafile.outputs)) console.log(`${String(bytes).padStart(8)} ${path.split("/").at(-1)}`);
} finally {
  rmSync(beside, { recursive: true, force: true });
}
