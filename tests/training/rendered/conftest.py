import pytest

from tests.training.rendered.glb import small_head


@pytest.fixture(scope="session")
def heads(tmp_path_factory):
    """A folder with two small heads to train on and one held out."""
    folder = tmp_path_factory.mktemp("heads")
    for name in ("Ann", "Bob", "White_M_2"):
        (folder / f"{name}.glb").write_bytes(small_head().bytes())
    return folder


@pytest.fixture(scope="session")
def opengl():
    """Skips where OpenGL cannot be had without a screen."""
    moderngl = pytest.importorskip("moderngl")
    try:
        moderngl.create_standalone_context(backend="egl").release()
    except Exception as error:  # noqa: BLE001  # glcontext raises plain Exception
        pytest.skip(f"no OpenGL without a screen ({error}): apt-get install libegl1 libgl1-mesa-dri")


@pytest.fixture(scope="session")
def avatars(data_root):
    """The VALID avatars."""
    folder = data_root / "valid_avatars"
    if not folder.is_dir():
        pytest.skip(f"no avatars at {folder}")
    return folder
