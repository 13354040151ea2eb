"""Copy the browser libraries, pinned, from npm into ``helpdesk/static/vendor``; there is no build step.

Run it after changing a version: ``python tools/vendor.py``. It needs npm and the network; the product needs
neither. ``VENDOR.json`` says what lies there: package, version, licence and the sha384 of each file, which a
test compares with the files themselves.
"""

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "helpdesk" / "static" / "vendor"


@dataclass(frozen=True)
class Package:
    """One npm package; ``files``: path in the package → name in our folder."""

    name: str
    version: str
    files: dict[str, str]


PACKAGES = (
    Package("@twilio/voice-sdk", "2.18.0", {"dist/twilio.min.js": "twilio-voice.js"}),
    Package("htmx.org", "4.0.1", {"dist/htmx.min.js": "htmx.js"}),
    Package("idb", "8.0.4", {"build/index.js": "idb.js"}),
    Package("signature_pad", "5.1.4", {"dist/signature_pad.min.js": "signature_pad.js"}),
    Package("tinykeys", "4.0.0", {"dist/tinykeys.mjs": "tinykeys.js"}),
    Package("uplot", "1.6.32", {"dist/uPlot.iife.min.js": "uplot.js", "dist/uPlot.min.css": "uplot.css"}),
)
LUCIDE = Package("lucide-static", "1.62.0", {})
SPRITE = "lucide.svg"

ICONS = """
air-vent arrow-down arrow-left arrow-right arrow-up-right badge-check bell book-open bot building-2 calendar
calendar-clock camera chart-column check check-check chevron-down chevron-left chevron-right circle-alert circle-check
circle-help circle-x clipboard-check clipboard-list clock cloud-check cloud-off cloud-upload coins columns-3 copy
delete download ellipsis external-link eye eye-off factory fast-forward file-check file-clock file-pen file-text flag
flame gauge gavel git-branch git-pull-request globe grid-3x3 handshake headphones heater history hourglass house inbox
info key-round keyboard languages layout-dashboard life-buoy lightbulb link list-checks list-filter lock log-in
log-out map map-pin merge message-circle message-square messages-square mic microscope microwave minus monitor moon
navigation notebook-pen package package-check package-x paperclip pause pen-line pen-tool pencil pencil-ruler percent
phone phone-call phone-incoming phone-off phone-outgoing pin play plug plus printer qr-code receipt refresh-cw
refrigerator rotate-ccw route ruler save scale search send settings shield shield-alert shield-check signature
smartphone sparkles split star sticky-note sun tag target thermometer timer trash-2 trending-up triangle-alert truck
tv undo-2 upload user user-round users users-round utensils volume-2 volume-x washing-machine wifi-off wrench x zap
""".split()  # noqa: SIM905 - a list of a hundred words is read more easily so
"""The icons of the sprite: those that templates and scripts may use."""


def main() -> None:
    """Fetch everything and write files, sprite and manifest."""
    TARGET.mkdir(parents=True, exist_ok=True)
    manifest = [vendor(package) for package in PACKAGES]
    manifest.append(vendor_icons())
    (TARGET / "VENDOR.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write("".join(f"{row['package']} {row['version']} ({row['licence']})\n" for row in manifest))


def vendor(package: Package) -> dict[str, Any]:
    """Copy a package's files; its line of the manifest."""
    with fetch(package) as archive:
        for source, name in package.files.items():
            (TARGET / name).write_bytes(without_source_map(read(archive, source)))
        return line(package, archive, list(package.files.values()))


def vendor_icons() -> dict[str, Any]:
    """Put the icons we use into one sprite of symbols."""
    with fetch(LUCIDE) as archive:
        symbols = [symbol(name, read(archive, f"icons/{name}.svg").decode()) for name in sorted(ICONS)]
        sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
        (TARGET / SPRITE).write_text(sprite, encoding="utf-8")
        return line(LUCIDE, archive, [SPRITE])


def symbol(name: str, svg: str) -> str:
    """One icon as a symbol; colour and stroke come from the page's style sheet."""
    drawing = re.sub(r"\s+", " ", svg.split(">", 2)[2].rsplit("</svg>", 1)[0]).strip()
    return f'<symbol id="{name}" viewBox="0 0 24 24">{drawing}</symbol>'


def fetch(package: Package) -> tarfile.TarFile:
    """The package's archive from the registry npm is set up with."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--pack-destination", folder, f"{package.name}@{package.version}"]
        subprocess.run(command, check=True, capture_output=True)
        content = next(Path(folder).glob("*.tgz")).read_bytes()
    return tarfile.open(fileobj=io.BytesIO(content))


def read(archive: tarfile.TarFile, path: str) -> bytes:
    """A file of the package."""
    file = archive.extractfile(f"package/{path}")
    if file is None:
        raise FileNotFoundError(path)
    return file.read()


def without_source_map(content: bytes) -> bytes:
    """Source maps are not copied, so nothing may point to them."""
    return re.sub(rb"\n//# sourceMappingURL=.*", b"", content).rstrip() + b"\n"


def line(package: Package, archive: tarfile.TarFile, names: list[str]) -> dict[str, Any]:
    """What the manifest says of a package."""
    return {
        "package": package.name,
        "version": package.version,
        "licence": json.loads(read(archive, "package.json"))["license"],
        "files": {name: sha384((TARGET / name).read_bytes()) for name in names},
    }


def sha384(content: bytes) -> str:
    """The digest as browsers write it in ``integrity``."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


if __name__ == "__main__":
    main()
