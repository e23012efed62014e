// Licences of the packages that a bundle took files from.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));

/** Of licences that must be given along, for packages that name one and bring no file. */
const TEXTS = { "Apache-2.0": readFileSync(join(HERE, "..", "..", "..", "LICENSE"), "utf-8").trim() };

const RULE = `\n${"-".repeat(78)}\n\n`;

/**
 * Names of the packages that a bundle took files from, and of those that these depend on: mqtt.js comes as one file
 * in which its own are bundled already.
 */
function packagesOf(metafiles) {
  const named = metafiles.flatMap(({ inputs }) => Object.keys(inputs)).map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]);
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
  const text = file ? readFileSync(join(folder, file), "utf-8").trim() : TEXTS[license] ?? "(no licence file in the package)";
  return `${name} ${version}, ${license}\n\n${text}\n`;
}

/** The licences of all code from others in bundles, given esbuild's metafiles. */
export function licencesOf(metafiles, heading) {
  return [`${heading}\n`, ...packagesOf(metafiles).map(licenceOf)].join(RULE);
}
