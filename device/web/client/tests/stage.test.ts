import { expect, test } from "vitest";
import { FADE_MS, Stage, STALE_MS } from "../src/stage.ts";
import { aFace, aFrame } from "./faces.ts";

/** Frames come 10 ms after their capture; the page's clock is the device's. */
function stageWith(...faces: number[]): Stage {
  const stage = new Stage();
  faces.forEach((count, index) => {
    const ids = Array.from({ length: count }, (_, number) => aFace(number + 1));
    stage.add(aFrame(index, 1000 + index * 33, ids), 1010 + index * 33);
  });
  return stage;
}

test("before the first frame there is nothing, and it says that it waits", () => {
  expect(new Stage().at(0, 0, "predict")).toEqual([]);
  expect(new Stage().presence(0)).toBe("waiting");
});

test("a face that is seen is drawn fully", () => {
  const shown = stageWith(1, 1).at(1050, 1050, "predict");
  expect(shown.map((face) => face.opacity)).toEqual([1]);
  expect(stageWith(1).presence(1050)).toBe("faces");
});

test("a face that is no longer seen fades and is gone", () => {
  const stage = stageWith(1, 1, 0);
  expect(stage.presence(1080)).toBe("no face");
  const opacity = stage.at(1076, 1076, "predict")[0]!.opacity;
  // 33 ms between the two captures, none since the second came.
  expect(opacity).toBeCloseTo(1 - 33 / FADE_MS, 9);
  expect(stage.at(1076 + FADE_MS, 1076 + FADE_MS, "predict")).toEqual([]);
});

test("a fading face never brightens because a message was late, and is whole again when it is seen", () => {
  const stage = stageWith(1, 1, 0);
  const before = stage.at(1150, 1150, "predict")[0]!.opacity;
  // Captured 33 ms later, and 60 ms late: by its own times the face has been gone for less long.
  stage.add(aFrame(3, 1099, []), 1169);
  expect(stage.at(1170, 1170, "predict")[0]!.opacity).toBeLessThanOrEqual(before);
  stage.add(aFrame(4, 1132, [aFace()]), 1172);
  expect(stage.at(1173, 1173, "predict")[0]!.opacity).toBe(1);
});

test("one face that goes does not take the other with it", () => {
  const stage = stageWith(2, 2, 1);
  for (let index = 3; index < 20; index++) stage.add(aFrame(index, 1000 + index * 33, [aFace(1)]), 1010 + index * 33);
  expect(stage.at(1640, 1640, "predict").map((face) => face.id)).toEqual([1]);
});

test("a stream that stops is stale and its faces fade", () => {
  const stage = stageWith(1, 1);
  const arrived = 1043;
  expect(stage.presence(arrived + STALE_MS + 1)).toBe("stale");
  expect(stage.at(arrived + STALE_MS + FADE_MS / 2, NaN, "predict")[0]!.opacity).toBeCloseTo(0.5, 9);
  expect(stage.at(arrived + STALE_MS + FADE_MS, NaN, "predict")).toEqual([]);
});

test("a device that was started again is a new stream", () => {
  const stage = stageWith(1, 1);
  stage.add(aFrame(0, 5, []), 1100);
  expect(stage.at(1101, 6, "predict")).toEqual([]);
});
