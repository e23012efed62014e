"""Write sbom.json (CycloneDX) and NOTICE: the code of others in the payload, the wheel and the page.

`make sbom` runs it. CycloneDX's own tool lists the Python packages, npm the JavaScript ones.
"""

import json
import subprocess
import sys
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCKS = ("pi-3.11.lock", "pi-3.13.lock")
KEPT = ("type", "name", "group", "version", "purl", "licenses", "hashes")
"""Of a component; where a list was made and from which address it was fetched is left out."""

Component = dict[str, Any]


def components_of(*command: str, folder: Path = ROOT) -> list[Component]:
    """Components of the CycloneDX document that a program prints."""
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True)
    components: list[Component] = json.loads(done.stdout)["components"]
    return components


def licences_of_environment(python: Path) -> dict[str, list[Any]]:
    """Licences by package name; where CycloneDX finds none, the words of the package's own metadata."""
    cyclonedx = str(Path(sys.executable).parent / "cyclonedx-py")
    packages = python.parents[1].glob("lib/*/site-packages/*.dist-info")
    own_words = {
        package.metadata["Name"]: package.metadata["License"] for package in map(PathDistribution, packages)
    }
    found = {}
    for component in components_of(cyclonedx, "environment", str(python), "--output-format", "JSON"):
        name = component["name"]
        found[name] = component.get("licenses") or [{"license": {"name": own_words[name]}}]
    return found


def python_components(lock: str, licences: dict[str, list[Any]]) -> list[Component]:
    """The packages of a lock file, each with the hash of its wheel."""
    cyclonedx = str(Path(sys.executable).parent / "cyclonedx-py")
    command = (cyclonedx, "requirements", f"requirements/{lock}", "--output-format", "JSON")
    components = components_of(*command)
    for component in components:
        component["hashes"] = [
            digest for source in component["externalReferences"] for digest in source["hashes"]
        ]
        component["licenses"] = licences[component["name"]]
    return components


def page_components() -> list[Component]:
    """The npm packages in the page: what its bundle takes from, with all that those depend on."""
    client = ROOT / "device" / "web" / "client"
    carried = bundled_packages(json.loads((client / "package-lock.json").read_text())["packages"])
    command = ("npm", "sbom", "--package-lock-only", "--sbom-format=cyclonedx")
    return [
        part for part in components_of(*command, folder=client) if (part["name"], part["version"]) in carried
    ]


def bundled_packages(lock: dict[str, Any]) -> set[tuple[str, str]]:
    """Name and version of the packages below the direct dependencies, without the bundler and mere types."""
    open_ = [("", name) for name in lock[""]["dependencies"] if name != "esbuild"]
    found: dict[str, tuple[str, str]] = {}
    while open_:
        above, name = open_.pop()
        # As node does: the package's own folder first, then those above.
        while (path := f"{above}node_modules/{name}") not in lock:
            above = above.rpartition("node_modules/")[0]
        if path not in found and not name.startswith("@types/"):
            found[path] = (name, lock[path]["version"])
            open_ += [(f"{path}/", each) for each in lock[path].get("dependencies", {})]
    return set(found.values())


def joined(components: list[Component]) -> list[Component]:
    """Each package once, sorted; the hashes of all its files."""
    by_purl: dict[str, Component] = {}
    for component in components:
        kept = {key: component[key] for key in KEPT if key in component}
        known = by_purl.setdefault(component["purl"], kept)
        known["hashes"] += [digest for digest in kept["hashes"] if digest not in known["hashes"]]
    return [by_purl[purl] for purl in sorted(by_purl)]


def licence_words(component: Component) -> str:
    """A component's licences on one line."""
    words = [
        entry.get("expression") or entry["license"].get("id") or entry["license"]["name"]
        for entry in component["licenses"]
    ]
    return " / ".join(words).replace("License :: OSI Approved :: ", "")


def notice(components: list[Component]) -> str:
    """The text of NOTICE."""
    lines = [
        "landmarks is licensed under Apache-2.0 (LICENSE). What travels with it is licensed as follows.",
        "",
        "Python packages have their licence texts in their *.dist-info folders, those of the page are in its",
        "licences.txt. The photograph of the demo camera, Eileen Collins by NASA, is in the public domain.",
        "",
    ]
    lines += [f"{part['name']} {part['version']}: {licence_words(part)}" for part in components]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write both files."""
    licences = licences_of_environment(ROOT / ".venv-device" / "bin" / "python")
    python = [part for lock in LOCKS for part in python_components(lock, licences)]
    components = joined(python + page_components())
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "landmarks",
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": components,
    }
    (ROOT / "sbom.json").write_text(json.dumps(document, indent=1) + "\n")
    (ROOT / "NOTICE").write_text(notice(components))


if __name__ == "__main__":
    main()
