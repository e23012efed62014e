// What the two pages' builds share: the bundler's options, the page's own files, and a folder that is there whole or not at all.
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const HERE = dirname(fileURLToPath(import.meta.url));
const PAGE = join(HERE, "page");
const BANNER = "// Part of landmarks, Apache-2.0. Licences of the code from others that is bundled here: licences.txt";

/** Bundle entry points into a folder; gives esbuild's metafile. */
export async function bundle(entryPoints, outdir, options = {}) {
  const { metafile } = await build({
    absWorkingDir: HERE,
    entryPoints, outdir,
    bundle: true, minify: true, metafile: true, treeShaking: true,
    format: "esm", target: "es2022", platform: "browser",
    chunkNames: "[name]-[hash]",
    banner: { js: BANNER },
    legalComments: "inline",
    logLevel: "warning",
    ...options,
  });
  for (const [path, { bytes }] of Object.entries(metafile.outputs)) console.log(`${String(bytes).padStart(8)} ${path.split("/").at(-1)}`);
  return metafile;
}

/** Write the page into a folder, with a card of its own for where the stream comes from, and some words replaced. */
export function writePage(folder, card, words = {}) {
  for (const name of ["icon.svg", "page.css"]) copyFileSync(join(PAGE, name), join(folder, name));
  let html = readFileSync(join(PAGE, "index.html"), "utf-8").replace("<!-- source -->\n", readFileSync(join(PAGE, card), "utf-8"));
  for (const [word, other] of Object.entries(words)) {
    if (!html.includes(word)) throw new Error(`page/index.html has no ${word}`);
    html = html.replace(word, other);
  }
  writeFileSync(join(folder, "index.html"), html);
}

/** Fill a folder beside its place, then put it there: who reads it never sees half of it. */
export async function replaceFolder(folder, fill) {
  const beside = `${folder}.${process.pid}`;
  mkdirSync(beside, { recursive: true });
  try {
    await fill(beside);
    rmSync(folder, { recursive: true, force: true });
    renameSync(beside, folder);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}
