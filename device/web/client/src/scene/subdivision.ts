/**
 * Loop subdivision (Charles Loop, 1987) with creases (Hoppe et al., SIGGRAPH 1994), of a mesh whose points move but whose
 * triangles stay.
 *
 * Each new point is a fixed mean of the old ones, so the weights are found once and every frame costs one sparse product.
 */

/** Triangles, and every point as a weighted mean of the points that the mesh began with. */
export interface Mesh {
  /** Three points of each triangle. */
  triangles: number[];
  /** For each triangle, the one of the first mesh that it lies in. */
  parents: number[];
  /** For each point, the first mesh's points with their weights. */
  weights: Map<number, number>[];
  /** Edges that stay sharp. */
  creases: Set<string>;
}

/**
 * A mesh that has not been divided yet.
 *
 * @param rings of points, closed, whose edges stay sharp.
 */
export function coarse(points: number, triangles: number[], rings: number[][]): Mesh {
  return {
    creases: new Set(rings.flatMap((ring) => ring.map((point, index) => keyOf(point, ring[(index + 1) % ring.length]!)))),
    triangles,
    parents: Array.from({ length: triangles.length / 3 }, (_, index) => index),
    weights: Array.from({ length: points }, (_, index) => new Map([[index, 1]])),
  };
}

/** An edge: its ends, and the points across it in the triangles on either side. */
interface Edge {
  ends: [number, number];
  across: number[];
  /** A crease, or the mesh's border: smooth along itself only. */
  sharp: boolean;
}

function edgesOf(triangles: number[], creases: Set<string>): Map<string, Edge> {
  const edges = new Map<string, Edge>();
  for (let corner = 0; corner < triangles.length; corner++) {
    const first = corner - (corner % 3);
    const [a, b, c] = [0, 1, 2].map((step) => triangles[first + ((corner + step) % 3)]!) as [number, number, number];
    const edge = edges.get(keyOf(a, b)) ?? { ends: [a, b], across: [], sharp: true };
    edge.across.push(c);
    edge.sharp = edge.across.length === 1 || creases.has(keyOf(a, b));
    edges.set(keyOf(a, b), edge);
  }
  return edges;
}

function keyOf(a: number, b: number): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

function mean(weights: Map<number, number>[], parts: [number, number][]): Map<number, number> {
  const sum = new Map<number, number>();
  for (const [point, share] of parts) {
    for (const [index, weight] of weights[point]!) sum.set(index, (sum.get(index) ?? 0) + share * weight);
  }
  return sum;
}

/** Weight of each neighbour of an inner point (Loop's own). */
function beta(neighbours: number): number {
  return (5 / 8 - (3 / 8 + Math.cos((2 * Math.PI) / neighbours) / 4) ** 2) / neighbours;
}

function movedPoint(point: number, edges: Edge[]): [number, number][] {
  const sharp = edges.filter((edge) => edge.sharp);
  const around = (sharp.length > 0 ? sharp : edges).map(({ ends: [a, b] }) => (a === point ? b : a));
  const share = sharp.length > 0 ? 1 / 8 : beta(around.length);
  return [[point, 1 - share * around.length], ...around.map((each): [number, number] => [each, share])];
}

function newPoint({ ends: [a, b], across, sharp }: Edge): [number, number][] {
  if (sharp) return [[a, 1 / 2], [b, 1 / 2]];
  return [[a, 3 / 8], [b, 3 / 8], [across[0]!, 1 / 8], [across[1]!, 1 / 8]];
}

/** The mesh with four triangles in the place of each, and smoother. */
export function subdivided({ triangles, parents, weights, creases }: Mesh): Mesh {
  const edges = edgesOf(triangles, creases);
  const at = weights.map((): Edge[] => []);
  for (const edge of edges.values()) for (const end of edge.ends) at[end]!.push(edge);
  const moved = at.map((around, point) => mean(weights, movedPoint(point, around)));
  const middles = new Map([...edges.keys()].map((key, index) => [key, weights.length + index]));
  const added = [...edges.values()].map((edge) => mean(weights, newPoint(edge)));
  const divided: number[] = [];
  for (let first = 0; first < triangles.length; first += 3) {
    const [a, b, c] = triangles.slice(first, first + 3) as [number, number, number];
    const [ab, bc, ca] = [keyOf(a, b), keyOf(b, c), keyOf(c, a)].map((key) => middles.get(key)!) as [number, number, number];
    divided.push(a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca);
  }
  const halves = (key: string) => edges.get(key)!.ends.map((end) => keyOf(end, middles.get(key)!));
  return {
    triangles: divided,
    parents: parents.flatMap((parent) => [parent, parent, parent, parent]),
    weights: [...moved, ...added],
    creases: new Set([...creases].flatMap(halves)),
  };
}
