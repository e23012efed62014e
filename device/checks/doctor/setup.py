"""What the daemon is told: settings, models, broker."""

from device.checks.doctor.finding import Finding, absent, fault, ok
from device.checks.doctor.host import Host
from device.config.file import read_settings_file
from device.config.load import sentences_of
from device.contract.errors import LandmarksError
from device.contract.finder_manifest import read_finder_model
from device.contract.manifest import read_model_manifest
from device.finders.trained import SHIPPED as FINDER
from device.inference.models import find_model
from device.settings import DaemonSettings
from device.sinks import SINKS
from device.sources.open import SOURCES, parse_source


def settings_file(host: Host) -> Finding:
    """Every key known, every value in its range."""
    if host.config is None:
        return absent("none named; the defaults are used")
    try:
        sentences = sentences_of(read_settings_file(host.config), DaemonSettings)
    except LandmarksError as error:
        return fault(str(error), "see `landmarks config show`")
    if sentences:
        more = f" (and {len(sentences) - 1} more)" if len(sentences) > 1 else ""
        return fault(sentences[0] + more, f"landmarks config check {host.config}")
    return ok(f"{host.config} can be used")


def source(host: Host) -> Finding:
    """The address of the frames can be understood; what will be read, and how pictures are turned."""
    try:
        address = parse_source(host.settings.source)
    except LandmarksError as error:
        return fault(str(error), "landmarks run --help lists every source")
    what = SOURCES.scheme(address.scheme).summary
    if not getattr(address.options, "exif", True):
        what = "every picture in the folder and below, as stored (exif=0)"
    return ok(f"{address.scheme}: {what}")


def models(host: Host) -> Finding:
    """Model files are what their manifests say."""
    try:
        landmark = read_model_manifest(find_model(host.settings.model)).identity
        finder = read_finder_model(FINDER)
    except LandmarksError as error:
        return fault(str(error), "install the package again")
    return ok(f"{landmark}, {finder.name}@{finder.sha256[:8]}: as their manifests say")


def broker(host: Host) -> Finding:
    """Every broker of the settings takes us with our credentials."""
    uris = [uri for uri in host.settings.sinks if uri.partition(":")[0] in ("mqtt", "mqtts")]
    if not uris:
        return absent("none in the settings")
    from device.checks.doctor.broker import greet
    from device.sinks.mqtt.settings import read_mqtt_settings

    greeted = []
    for uri in uris:
        try:
            settings = read_mqtt_settings(SINKS.parse(uri), host.environment)
            problem = greet(settings)
        except LandmarksError as error:
            return fault(str(error), "see device/README.md, MQTT")
        if problem is not None:
            return fault(f"{settings.address}: {problem.seen}", problem.remedy)
        greeted.append(settings.address)
    return ok(f"{', '.join(greeted)}: welcome")
