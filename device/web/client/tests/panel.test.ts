import { expect, test } from "vitest";

import { figure } from "../src/panel.ts";

test.each([
  [-0.2, 0, "0"], [-0.004, 2, "0.00"], [-0.6, 0, "-1"], [0.05, 1, "0.1"], [-10, 0, "-10"], [NaN, 1, "–"], [undefined, 1, "–"],
])("%s with %s digits is written as %s", (value, digits, text) => {
  expect(figure(value, digits)).toBe(text);
});
