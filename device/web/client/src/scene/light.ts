/** Light: a sun that casts shadows, and the brightness of the sky and the ground. */

import { DirectionalLight, HemisphereLight, type Object3D, type Scene, Vector3 } from "three";

/** From which the sun shines: above, from the viewer's left. */
const SUN = new Vector3(-0.45, 0.8, 0.75).normalize();

/** Eye distances from the middle of a head to the farthest part of its hat. */
const REACH = 2.4;

export class Light {
  private readonly sun = new DirectionalLight(0xfff4e6, 2.1);

  constructor(scene: Scene) {
    this.sun.castShadow = true;
    this.sun.shadow.mapSize.set(512, 512);
    this.sun.shadow.radius = 2.5;
    this.sun.shadow.normalBias = 0.03;
    this.sun.shadow.bias = -0.002;
    scene.add(new HemisphereLight(0xf4f7fb, 0x6a5f55, 1.5), this.sun, this.sun.target);
  }

  set castsShadows(on: boolean) {
    this.sun.castShadow = on;
  }

  /** Let the shadows cover these heads and no more: the map has so many cells. */
  shineOn(heads: Object3D[]): void {
    if (heads.length === 0) return;
    const middles = heads.map((head) => new Vector3().setFromMatrixPosition(head.matrix));
    const target = middles.reduce((sum, each) => sum.add(each), new Vector3()).divideScalar(middles.length);
    const reach = REACH + Math.max(...middles.map((each) => each.distanceTo(target)));
    this.sun.target.position.copy(target);
    this.sun.position.copy(target).addScaledVector(SUN, 2 * reach);
    const camera = this.sun.shadow.camera;
    [camera.left, camera.right, camera.top, camera.bottom, camera.near, camera.far] = [-reach, reach, reach, -reach, 0.1, 4 * reach];
    camera.updateProjectionMatrix();
  }
}
