import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const CLIENT = fileURLToPath(new URL("..", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "landmark-client-"));
afterAll(() => rmSync(project, { recursive: true }));

async function run(command: string, words: string[], cwd = project): Promise<string> {
  const { stdout } = await promisify(execFile)(command, words, { cwd });
  return stdout.trim();
}

const PROGRAM = `
import { connect, headMatrix, RecordingTransport } from "landmark-client";
const frame = { type: "frame", schema: 1, source: "demo", sequence: 5, captured_ns: 1, published_ns: 2,
  frame: { width: 640, height: 480 }, faces: [], timing_ms: {}, model: "m@00000000" };
const client = connect({ recording: { lines: [JSON.stringify(frame)], repeat: false } });
client.on("frame", ({ sequence }) => {
  console.log("frame", sequence, typeof headMatrix, typeof RecordingTransport);
  client.close();
});
`;

const TYPED = `
import { connect, type Face, type Frame } from "landmark-client";
const client = connect({ url: "ws://localhost:8080/stream" });
client.on("frame", (frame: Frame) => frame.faces.map((face: Face) => face.landmarks.length));
// @ts-expect-error there is no such event
client.on("picnic", () => {});
`;

test("the package installs in an empty project without anything else, runs in Node, and is typed", async () => {
  await run(process.execPath, ["pack.mjs"], CLIENT);
  const tarball = await run("npm", ["pack", "--silent", "--pack-destination", project], join(CLIENT, "package"));
  writeFileSync(join(project, "package.json"), '{"name":"empty","version":"1.0.0","type":"module"}');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--silent", `./${tarball}`]);
  expect((await run("npm", ["ls", "--all", "--parseable"])).split("\n")).toHaveLength(2);
  writeFileSync(join(project, "program.js"), PROGRAM);
  expect(await run(process.execPath, ["program.js"])).toBe("frame 5 function function");
  writeFileSync(join(project, "typed.ts"), TYPED);
  const strict = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom", "typed.ts"];
  await run(process.execPath, [join(CLIENT, "node_modules", "typescript", "bin", "tsc"), ...strict]);
}, 600_000);
