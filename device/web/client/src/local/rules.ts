/** What the device's own program tells this one, so that nothing is written twice: `python -m device.web.demo` writes it. */

/** Settings and constants of tracking, filter and pose; the names and meanings are those of device/tracking and device/signal. */
export interface Rules {
  tracker: {
    begin_score: number;
    end_score: number;
    max_faces: number;
    search_seconds: number;
    recover_seconds: number;
    keep_seconds: number;
    relook_distance: number;
    same_face_iou: number;
    same_face_distance: number;
    crowded_distance: number;
    return_distance: number;
    return_speed: number;
    turn_cost: number;
    return_size_ratio: number;
    refinements: number;
  };
  motion: {
    held_move: number;
    held_turn: number;
    max_seconds: number;
    max_growth: number;
    rate_gains: [number, number];
    crop_gains: [number, number];
  };
  track: { suspect_seconds: number; memory_seconds: number; turn_check_seconds: number; max_roll_step: number };
  orientation: { sure_score: number; contradicting_iou: number };
  observation: { outside_error: number; half_score_error: number };
  /** The filter, or null: none. */
  smoothing: { whole: OneEuroParameters; shape: OneEuroParameters; max_gap_seconds: number } | null;
  view_degrees: number;
  pose: { solid_points: number[]; max_steps: number; converged: number; max_step: number };
  /** Root mean square distance of the mean face's landmarks from their mean, from the front, eye distances. */
  front_radius: number;
  /** x, y, z of each landmark of the mean face: to the subject's left, down, to the back; eye distances. */
  mean_face: [number, number, number][];
  /** Landmark schemes by name: the contour points of the right and of the left eye. */
  eye_rings: Record<string, [number[], number[]]>;
}

/** As device/signal/one_euro.py has it. */
export interface OneEuroParameters {
  min_cutoff_hz: number;
  beta: number;
  d_cutoff_hz: number;
}

/** What a tensor's integers mean: `real = scale * (integer - zero_point)`. */
export interface TensorSpec {
  name: string;
  shape: number[];
  dtype: string;
  scale: number;
  zero_point: number;
}

interface Manifest {
  name: string;
  file: string;
  sha256: string;
  schema: number;
  input: TensorSpec;
  pixel_offset: number;
}

/** What `student.json` says of `student.tflite` (device/contract/manifest.py). */
export interface ModelManifest extends Manifest {
  scheme: string;
  crop: { margin: number; size_wh: [number, number]; channels: string };
  heatmap: TensorSpec;
  presence: TensorSpec;
  codec: { name: string; stride: number; half_score_px: number; sure_px: number; shape: string };
}

/** What `finder.json` says of `finder.tflite` (device/contract/finder_manifest.py). */
export interface FinderManifest extends Manifest {
  task: string;
  letterbox: string;
  channels: string;
  score: TensorSpec;
  box: TensorSpec;
  points: TensorSpec;
  codec: { name: string; stride: number; offset_px: number; size_px: number; least_score: number; most_iou: number };
}

/** A model that this program cannot obey, and why. */
export class UnusableModel extends Error {}

function want(manifest: Manifest, what: string, got: unknown, wanted: unknown): void {
  if (got !== wanted) throw new UnusableModel(`model ${manifest.name} has ${what} ${String(got)}, this page reads ${String(wanted)} only`);
}

function wantInt8(manifest: Manifest, ...tensors: TensorSpec[]): void {
  for (const tensor of tensors) want(manifest, `a tensor ${tensor.name} of type`, tensor.dtype, "int8");
  // Subtracting 128 is one flipped bit.
  want(manifest, "the pixel offset", manifest.pixel_offset, 128);
  want(manifest, "a manifest of schema", manifest.schema, 1);
}

/** @throws UnusableModel when the manifest asks for something else than this program does. */
export function checkModel(manifest: ModelManifest, rules: Rules): void {
  wantInt8(manifest, manifest.input, manifest.heatmap, manifest.presence);
  want(manifest, "the codec", manifest.codec.name, "softmax_expectation");
  want(manifest, "channels", manifest.crop.channels, "bgr");
  if (!rules.eye_rings[manifest.scheme]) throw new UnusableModel(`model ${manifest.name} has the unknown landmark scheme ${manifest.scheme}`);
}

/** @throws UnusableModel when the manifest asks for something else than this program does. */
export function checkFinder(manifest: FinderManifest): void {
  wantInt8(manifest, manifest.input, manifest.score, manifest.box, manifest.points);
  want(manifest, "the task", manifest.task, "finder");
  want(manifest, "the codec", manifest.codec.name, "centre_size");
  want(manifest, "the letterbox", manifest.letterbox, "top_left");
  want(manifest, "channels", manifest.channels, "bgr");
}

/** NAME@sha8, as every message carries it. */
export function identityOf({ name, sha256 }: Manifest): string {
  return `${name}@${sha256.slice(0, 8)}`;
}

/** The real that one integer of a tensor means. */
export function real({ scale, zero_point }: TensorSpec, value: number): number {
  return (value - zero_point) * scale;
}
