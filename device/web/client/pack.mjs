// Writes ./package: the client module as npm expects it, ready for `npm pack` or `npm publish`.
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { licencesOf } from "./licences.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const PACKAGE = join(HERE, "package");
const ours = JSON.parse(readFileSync(join(HERE, "package.json"), "utf-8"));

/** What users of the module get to see of package.json: no tools of ours, and nothing that must be installed. */
const MANIFEST = {
  name: ours.name,
  version: ours.version,
  description: ours.description,
  keywords: ["face", "landmarks", "tracking", "websocket", "mqtt"],
  license: ours.license,
  type: "module",
  sideEffects: false,
  engines: ours.engines,
  // For tools that do not read `exports`.
  main: "./client.js",
  types: "./types/src/client.d.ts",
  exports: { ".": { types: "./types/src/client.d.ts", default: "./client.js" } },
  files: ["client.js", "client.js.map", "types", "LICENSE", "licences.txt", "README.md"],
  peerDependencies: { mqtt: "^5.0.0", three: ">=0.150.0" },
  peerDependenciesMeta: { mqtt: { optional: true }, three: { optional: true } },
};

/** Declarations are resolved by the names of the JavaScript files that they stand beside. */
function writeDeclarations() {
  execFileSync(process.execPath, [join(HERE, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.pack.json"], { cwd: HERE, stdio: "inherit" });
  cpSync(join(HERE, "types"), join(PACKAGE, "types", "types"), { recursive: true });
  const folder = join(PACKAGE, "types", "src");
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), "utf-8");
    writeFileSync(join(folder, name), text.replace(/(from "\.[^"]*?)(?:\.d)?\.ts"/g, '$1.js"'));
  }
}

rmSync(PACKAGE, { recursive: true, force: true });
mkdirSync(PACKAGE);
const { metafile } = await build({
  absWorkingDir: HERE,
  entryPoints: ["src/client.ts"],
  outfile: join(PACKAGE, "client.js"),
  bundle: true, sourcemap: true, metafile: true,
  format: "esm", target: "es2022", platform: "neutral",
  mainFields: ["module", "main"],
  external: Object.keys(MANIFEST.peerDependencies),
  logLevel: "warning",
});
writeDeclarations();
writeFileSync(join(PACKAGE, "package.json"), `${JSON.stringify(MANIFEST, null, 2)}\n`);
writeFileSync(join(PACKAGE, "licences.txt"), licencesOf([metafile], "Code from others in this package:"));
copyFileSync(join(HERE, "README.md"), join(PACKAGE, "README.md"));
copyFileSync(join(HERE, "..", "..", "..", "LICENSE"), join(PACKAGE, "LICENSE"));
