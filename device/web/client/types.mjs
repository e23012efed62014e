// Writes src/stream.d.ts: the stream's types, made from its JSON Schema so that the two cannot differ.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

const SCHEMA = new URL("../../messages/stream-1.schema.json", import.meta.url);
const TYPES = new URL("types/stream.d.ts", import.meta.url);

const schema = JSON.parse(readFileSync(SCHEMA, "utf-8"));
// Left out of the names that other code would have to spell around.
schema.title = "Message";
schema.$defs.error.title = "ErrorMessage";
// Numbers of points by scheme: nothing that a type could say.
delete schema.$defs.frame.allOf;
const types = await compile(schema, "Message", {
  bannerComment: "// Made by `npm run types` from device/messages/stream-1.schema.json: do not edit.",
  ignoreMinAndMaxItems: true,
  cwd: new URL(".", SCHEMA).pathname,
});
mkdirSync(new URL("types/", import.meta.url), { recursive: true });
writeFileSync(TYPES, types);
