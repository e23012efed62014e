/** MediaPipe's face mesh and our 68 points; the table is device/contract/facemesh.py's, written by `python -m device.messages`. */

import names from "./names.json";

/** The vertex of MediaPipe's mesh that lies nearest to each of the 68 points of scheme `ibug_68`. */
export const FACEMESH_OF_IBUG_68: readonly number[] = names.facemesh;

const MESH_VERTICES = 468;

/**
 * The 68 points of a mesh of 468 or 478 vertices.
 *
 * @throws RangeError for another number of vertices.
 */
export function fromFacemesh<Vertex>(mesh: readonly Vertex[]): Vertex[] {
  if (mesh.length < MESH_VERTICES) throw new RangeError(`a face mesh of ${mesh.length} vertices, wanted ${MESH_VERTICES} or 478`);
  return FACEMESH_OF_IBUG_68.map((index) => mesh[index]!);
}
