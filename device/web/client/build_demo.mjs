// Bundles the demo that runs in a browser alone: `node build_demo.mjs PYTHON FOLDER`. PYTHON is one that can run the device.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { bundle, HERE, replaceFolder, writePage } from "./bundle.mjs";
import { licencesOf } from "./licences.mjs";

const [python, target] = process.argv.slice(2);

/** Builds of LiteRT.js: with relaxed SIMD, without, and with JSPI, which WebGPU needs. A browser loads one of them. */
const RUNTIMES = ["litert_wasm_internal", "litert_wasm_compat_internal", "litert_wasm_jspi_internal"];

/** The page may load from its own server only, and send nothing to any other: a picture could not leave it. */
const SAFETY = `<meta http-equiv="Content-Security-Policy" content="default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'">`;

await replaceFolder(resolve(target), async (folder) => {
  const metafiles = [
    await bundle({ demo: "src/demo.ts", pipeline: "src/local/pipeline.ts" }, folder, { splitting: true }),
    // A worker of the classic kind: only there can LiteRT.js load its WebAssembly.
    await bundle({ worker: "src/local/worker.ts" }, folder, { format: "iife" }),
  ];
  mkdirSync(join(folder, "litert"));
  for (const name of RUNTIMES.flatMap((each) => [`${each}.js`, `${each}.wasm`])) {
    copyFileSync(join(HERE, "node_modules", "@litertjs", "core", "wasm", name), join(folder, "litert", name));
  }
  writePage(folder, "local.html", {
    '<meta charset="utf-8">': `<meta charset="utf-8">\n${SAFETY}`,
    "page.js": "demo.js",
    "<title>Landmarks": "<title>Landmarks in your browser",
    '<a href="plain/">Plain view</a> · ': "",
  });
  writeFileSync(join(folder, "licences.txt"), licencesOf(metafiles, "Code from others in this page:"));
  execFileSync(python, ["-m", "device.web.demo", folder], { cwd: join(HERE, "..", "..", ".."), stdio: "inherit" });
});
