"""Draws triangles by OpenGL without a screen: EGL, in software where there is no GPU."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import MissingOutsideError
from training.rendered.camera import Array, Camera, depth_in_metres
from training.rendered.shaders import (
    FRAGMENT_SHADER,
    SHADOW_FRAGMENT_SHADER,
    SHADOW_VERTEX_SHADER,
    VERTEX_SHADER,
)

OVERSAMPLING = 2
"""Drawn pixels per pixel of the picture, each way, against jagged edges. Software OpenGL does this sooner
than multisampling: 0.14 against 0.25 s a picture of 384 pixels."""
SHADOW_SIDE = 512
"""Pixels of the shadow map."""


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles of one material."""

    positions: NDArray[np.float32]
    """(V, 3) metres."""
    normals: NDArray[np.float32]
    """(V, 3)."""
    uv: NDArray[np.float32]
    """(V, 2), (0, 0) at the texture's top left corner."""
    triangles: NDArray[np.int32]
    """(T, 3)."""
    texture: str
    """Name by which `Renderer.add_texture` knows it."""
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Factor of the texture's colours, RGB, linear light."""
    wrap: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """How far light reaches round the surface, RGB, 0 to 1."""
    gloss: float = 0.3
    """Of the mirrored light, 0 to 1."""
    sharpness: float = 20.0
    """Exponent of the mirrored light: higher means smoother."""
    opacity: float = 1.0
    """Below 1 it is drawn after all others and hides nothing."""


@dataclass(frozen=True, eq=False)
class Lights:
    """Directional lights, the first of which throws shadows, and light from all around; linear RGB."""

    directions: Array
    """(2, 3) unit vectors towards each light, world axes."""
    colours: Array
    """(2, 3)."""
    sky: Array
    """(3,) from above."""
    ground: Array
    """(3,) from below."""
    shadow_strength: float
    """Part of the first light that shadows take away, 0 to 1."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A picture before it stands on a ground."""

    colour: NDArray[np.uint8]
    """(S, S, 4) BGRA, colour already multiplied by alpha."""
    depth: Array
    """(D, D) metres along the camera's axis, D = OVERSAMPLING * S; far where nothing was drawn."""

    def depth_about(self, points: Array) -> Array:
        """(N,) the farthest depth, metres, within a pixel of (N, 2) places; NaN outside the picture."""
        side = len(self.depth)
        places = np.floor((points + 0.5) * OVERSAMPLING).astype(int)
        reach = np.arange(-OVERSAMPLING, OVERSAMPLING + 1)
        rows, columns = (np.clip(places[:, axis, None] + reach, 0, side - 1) for axis in (1, 0))
        farthest = self.depth[rows[:, :, None], columns[:, None, :]].max(axis=(1, 2))
        outside = ((places < 0) | (places >= side)).any(axis=1)
        return np.where(outside, np.nan, farthest)


class Renderer:
    """An OpenGL context with its textures and frame buffers.

    Raises:
        MissingOutsideError: there is no EGL.
    """

    def __init__(self, side: int) -> None:
        try:
            self._context = moderngl.create_standalone_context(backend="egl")  # type: ignore[arg-type]  # its stub is wrong
        except Exception as error:  # glcontext raises plain Exception
            raise MissingOutsideError(
                f"OpenGL without a screen cannot be opened ({error}); install libegl1 and libgl1-mesa-dri"
            ) from error
        self.side = side
        context = self._context
        self._program = context.program(VERTEX_SHADER, FRAGMENT_SHADER)
        self._shadow_program = context.program(SHADOW_VERTEX_SHADER, SHADOW_FRAGMENT_SHADER)
        size = (OVERSAMPLING * side, OVERSAMPLING * side)
        self._depth = context.depth_texture(size)
        self._buffer = context.framebuffer(context.renderbuffer(size, 4), self._depth)
        shadow_size = (SHADOW_SIDE, SHADOW_SIDE)
        self._shadow = context.depth_texture(shadow_size)
        self._shadow.compare_func = ""
        self._shadow_buffer = context.framebuffer(depth_attachment=self._shadow)
        self._textures: dict[str, moderngl.Texture] = {}

    def add_texture(self, name: str, image: NDArray[np.uint8]) -> None:
        """Keep a picture (H, W, 3) uint8 RGB under a name, with mipmaps."""
        self.drop_texture(name)
        texture = self._context.texture(
            image.shape[1::-1], 3, np.ascontiguousarray(image).tobytes(), alignment=1
        )
        texture.build_mipmaps()
        texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self._textures[name] = texture

    def drop_texture(self, name: str) -> None:
        """Free a texture, if it is there."""
        texture = self._textures.pop(name, None)
        if texture is not None:
            texture.release()

    def close(self) -> None:
        """Free everything."""
        self._context.release()

    def draw(self, surfaces: Sequence[Surface], camera: Camera, lights: Lights) -> Drawing:
        """The surfaces as a camera sees them.

        Raises:
            KeyError: a surface names a texture that was not added.
        """
        context = self._context
        buffers = [_Buffers(context, surface) for surface in surfaces]
        try:
            context.enable_only(moderngl.DEPTH_TEST)
            shadow_clip = self._draw_shadows(surfaces, buffers, lights)
            self._buffer.use()
            self._buffer.clear(0, 0, 0, 0, depth=1)
            # Depth first: then only what is seen is shaded.
            self._draw_opaque(surfaces, buffers, camera.clip_matrix())
            self._set_scene(camera, lights, shadow_clip)
            context.depth_func = "<="
            self._draw_all(surfaces, buffers)
            context.depth_func = "<"
            colour = self._read(self._buffer.read(components=4, alignment=1), np.uint8)
            depth = self._read(self._depth.read(alignment=1), np.float32)
        finally:
            for buffer in buffers:
                buffer.release()
        small = cv2.resize(colour[:, :, [2, 1, 0, 3]], (self.side, self.side), interpolation=cv2.INTER_AREA)
        return Drawing(np.asarray(small, np.uint8), depth_in_metres(depth[:, :, 0]))

    def _read(self, raw: bytes, kind: type) -> NDArray[Any]:
        """(D, D, channels) from the top row down."""
        side = OVERSAMPLING * self.side
        return np.frombuffer(raw, kind).reshape(side, side, -1)[::-1]

    def _draw_all(self, surfaces: Sequence[Surface], buffers: list["_Buffers"]) -> None:
        order = sorted(range(len(surfaces)), key=lambda number: surfaces[number].opacity < 1)
        for number in order:
            surface = surfaces[number]
            if surface.opacity < 1:
                self._context.enable(moderngl.BLEND)
                self._context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
                self._buffer.depth_mask = False
            self._textures[surface.texture].use(0)
            for key in ("tint", "wrap", "gloss", "sharpness", "opacity"):
                _set(self._program, key, getattr(surface, key))
            buffers[number].draw(self._program, "position", "normal", "uv")
        self._buffer.depth_mask = True
        self._context.disable(moderngl.BLEND)

    def _set_scene(self, camera: Camera, lights: Lights, shadow_clip: NDArray[np.float32]) -> None:
        program = self._program
        _set(program, "clip", camera.clip_matrix().T)
        _set(program, "shadow_clip", shadow_clip.T)
        for key, value in (
            ("camera_place", camera.position),
            ("light_direction", lights.directions),
            ("light_colour", lights.colours),
            ("sky", lights.sky),
            ("ground", lights.ground),
        ):
            _set(program, key, value)
        _set(program, "shadow_strength", lights.shadow_strength)
        _set(program, "shadow_map", 1, np.int32)
        self._shadow.use(1)

    def _draw_shadows(
        self, surfaces: Sequence[Surface], buffers: list["_Buffers"], lights: Lights
    ) -> NDArray[np.float32]:
        """Fill the shadow map; the matrix from the world to its clip space."""
        points = np.concatenate([surface.positions for surface in surfaces if surface.opacity == 1])
        clip = _shadow_matrix(points, lights.directions[0])
        self._shadow_buffer.use()
        self._shadow_buffer.clear(depth=1)
        self._draw_opaque(surfaces, buffers, clip)
        return clip

    def _draw_opaque(
        self, surfaces: Sequence[Surface], buffers: list["_Buffers"], clip: NDArray[np.float32]
    ) -> None:
        _set(self._shadow_program, "clip", clip.T)
        for surface, buffer in zip(surfaces, buffers, strict=True):
            if surface.opacity == 1:
                buffer.draw(self._shadow_program, "position")


def _set(program: moderngl.Program, name: str, value: Any, kind: type = np.float32) -> None:
    """Give a program's uniform variable a value."""
    uniform = program[name]
    assert isinstance(uniform, moderngl.Uniform)
    uniform.write(np.ascontiguousarray(value, kind).tobytes())


class _Buffers:
    """A surface in OpenGL's memory."""

    def __init__(self, context: moderngl.Context, surface: Surface) -> None:
        self._context = context
        columns = np.hstack([surface.positions, surface.normals, surface.uv]).astype(np.float32)
        self._vertices = context.buffer(columns.tobytes())
        self._triangles = context.buffer(np.ascontiguousarray(surface.triangles, np.int32).tobytes())

    def draw(self, program: moderngl.Program, *attributes: str) -> None:
        sizes = {"position": "3f", "normal": "3f", "uv": "2f"}
        layout = " ".join(
            sizes[name] if name in attributes else f"{4 * int(sizes[name][0])}x" for name in sizes
        )
        array = self._context.vertex_array(
            program, [(self._vertices, layout, *attributes)], index_buffer=self._triangles
        )
        array.render(moderngl.TRIANGLES)
        array.release()

    def release(self) -> None:
        self._vertices.release()
        self._triangles.release()


def _shadow_matrix(points: NDArray[np.float32], towards_light: Array) -> NDArray[np.float32]:
    """(4, 4) orthographic, along a light's direction, that holds all points."""
    z = -towards_light / np.linalg.norm(towards_light)
    x = np.cross([0, 1, 0] if abs(z[1]) < 0.95 else [1, 0, 0], z)
    x /= np.linalg.norm(x)
    axes = np.stack([x, np.cross(z, x), z])
    seen = points @ axes.T
    low, high = seen.min(axis=0), seen.max(axis=0)
    scale = 2 / (high - low + 0.02)
    matrix = np.eye(4)
    matrix[:3, :3] = axes * scale[:, None]
    matrix[:3, 3] = -(low + high) / 2 * scale
    return np.asarray(matrix, np.float32)
