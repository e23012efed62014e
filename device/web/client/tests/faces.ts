/** Hand-made faces and frames for the tests. */

import type { Face, Frame } from "../types/stream.d.ts";

/** 68 points on a spiral: no two alike, so that a swap would show. */
export const SHAPE: [number, number][] = Array.from({ length: 68 }, (_, index) => [
  Math.cos(index) * (10 + index),
  Math.sin(index) * (10 + index),
]);

export function aFace(id = 1, place: (x: number, y: number) => [number, number] = (x, y) => [x + 320, y + 240]): Face {
  const landmarks = SHAPE.map(([x, y]) => place(x, y));
  const xs = landmarks.map(([x]) => x);
  const ys = landmarks.map(([, y]) => y);
  return {
    id,
    score: 0.9,
    box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
    landmarks,
    landmark_scores: landmarks.map(() => 0.5),
  };
}

export function aFrame(sequence: number, capturedMs: number, faces: Face[] = [aFace()]): Frame {
  return {
    type: "frame",
    schema: 1,
    source: "demo",
    sequence,
    captured_ns: capturedMs * 1e6,
    published_ns: (capturedMs + 5) * 1e6,
    frame: { width: 640, height: 480 },
    faces,
    timing_ms: { find: 0, crop: 0.1, infer: 1, decode: 0.1, total: 1.3 },
    model: "small@00000000",
  };
}
