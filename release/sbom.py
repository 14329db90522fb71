"""The SBOM: what a release needs at run time, with licences, hashes and who needs what. CycloneDX 1.6, as JSON."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from release.versions import epoch_of

_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)((?:.*\\\n)*.*)$", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def describe(source: Path, wheel: Path, wheels: Path) -> str:
    """The SBOM of `wheel`. The hashes are those of requirements/run.txt, the rest is what the packages say."""
    about = {
        canonicalize_name(str(each["Name"])): each for each in map(metadata_of, sorted(wheels.glob("*.whl")))
    }
    own = metadata_of(wheel)
    main = _component(own, "", [hashlib.sha256(wheel.read_bytes()).hexdigest()], ComponentType.APPLICATION)
    pins = _PIN.findall((source / "requirements" / "run.txt").read_text(encoding="utf-8"))
    found = {name: _component(about[name], version, _HASH.findall(rest)) for name, version, rest in pins}
    bom = Bom(components=found.values(), serial_number=uuid5(NAMESPACE_URL, str(main.purl)))
    bom.metadata.component = main
    bom.metadata.timestamp = datetime.fromtimestamp(epoch_of(source), tz=UTC)
    bom.register_dependency(main, _needed(own, found, {"emulator"}))
    for name, component in found.items():
        bom.register_dependency(component, _needed(about[name], found, set()))
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def metadata_of(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as opened:
        (name,) = (each for each in opened.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", each))
        return message_from_bytes(opened.read(name))


def _component(
    about: Message, version: str, hashes: list[str], kind: ComponentType = ComponentType.LIBRARY
) -> Component:
    name = canonicalize_name(str(about["Name"]))
    version = version or str(about["Version"])
    purl = PackageURL("pypi", None, name, version)
    files = [HashType(alg=HashAlgorithm.SHA_256, content=each) for each in hashes]
    return Component(
        type=kind,
        name=name,
        version=version,
        bom_ref=str(purl),
        purl=purl,
        description=about["Summary"],
        licenses=map(LicenseFactory().make_from_string, _licences(about)),
        # Each file of a package has a hash of its own: they belong to the place, not to the component.
        external_references=[
            ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(str(purl)), hashes=files)
        ],
    )


def _licences(about: Message) -> list[str]:
    """The expression, else the name; for a package that has neither, or the whole text, what its classifiers say."""
    licence = str(about["License-Expression"] or about["License"] or "").strip()
    if licence and "\n" not in licence:
        return [licence]
    classifiers = [str(each) for each in about.get_all("Classifier", [])]
    return [each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License ::")]


def _needed(about: Message, found: Mapping[str, Component], extras: set[str]) -> Iterator[Component]:
    """On any platform and Python: the same SBOM is made everywhere."""
    for line in about.get_all("Requires-Dist", []):
        requirement = Requirement(line)
        optional = re.search(r"extra == ['\"]([^'\"]+)['\"]", str(requirement.marker or ""))
        name = canonicalize_name(requirement.name)
        if name in found and (not optional or optional[1] in extras):
            yield found[name]
