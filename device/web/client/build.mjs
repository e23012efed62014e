// Bundles the page and the client module into ../built, with the licences of the code that goes along.
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const BUILT = join(HERE, "..", "built");
const BANNER = "// Part of landmarks, Apache-2.0. Licences of the code from others that is bundled here: licences.txt";

/**
 * Names of the packages that a bundle took files from, and of those that these depend on: mqtt.js comes as one file
 * in which its own are bundled already.
 */
function packagesOf(metafile) {
  const named = Object.keys(metafile.inputs).map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]);
  const open = [...new Set(named.filter(Boolean))];
  const names = new Set();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (names.has(name)) continue;
    names.add(name);
    const { dependencies = {} } = JSON.parse(readFileSync(join(HERE, "node_modules", name, "package.json"), "utf-8"));
    open.push(...Object.keys(dependencies).filter((each) => !each.startsWith("@types/")));
  }
  return [...names].sort();
}

function licenceOf(name) {
  const folder = join(HERE, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf-8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (!license) throw new Error(`package ${name} names no licence: it cannot be given away`);
  const text = file ? readFileSync(join(folder, file), "utf-8").trim() : "(no licence file in the package)";
  return `${name} ${version}, ${license}\n\n${text}\n`;
}

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
  const rule = `\n${"-".repeat(78)}\n\n`;
  const licences = packagesOf(metafile).map(licenceOf);
  writeFileSync(join(beside, "licences.txt"), ["Code from others in this page:\n", ...licences].join(rule));
  rmSync(BUILT, { recursive: true, force: true });
  renameSync(beside, BUILT);
  for (const [path, { bytes }] of Object.entries(metafile.outputs)) console.log(`${String(bytes).padStart(8)} ${path.split("/").at(-1)}`);
} finally {
  rmSync(beside, { recursive: true, force: true });
}
