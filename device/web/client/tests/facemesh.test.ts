import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FACEMESH_OF_IBUG_68, fromFacemesh } from "../src/facemesh.ts";

test("the table is the Python client's", () => {
  const source = readFileSync(new URL("../../../contract/facemesh.py", import.meta.url), "utf-8");
  const [, table] = source.match(/^FACEMESH_OF_IBUG_68 = \(([^)]*)\)/m)!;
  expect(FACEMESH_OF_IBUG_68).toEqual(table!.split(",").filter((each) => each.trim()).map(Number));
});

test("the points of a mesh are its vertices in our order", () => {
  const mesh = Array.from({ length: 478 }, (_, index) => ({ x: index, y: -index }));
  const points = fromFacemesh(mesh);
  expect(points).toHaveLength(68);
  expect([points[30], points[36], points[45]]).toEqual([mesh[4], mesh[33], mesh[263]]);
  expect(() => fromFacemesh(mesh.slice(0, 68))).toThrow(/of 68 vertices, wanted 468 or 478/);
});
