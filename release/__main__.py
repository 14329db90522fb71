"""`python -m release`: build a release, check one, prepare one."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from release import versions
from release.versions import RELEASED, ROOT, ReleaseError


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    build = tasks.add_parser("build", help="build all files of a release")
    build.add_argument("--output", type=Path, default=ROOT / "dist", help="the folder, for a release alone")
    build.add_argument("--wheels", type=Path, help="a folder with the wheels of all dependencies")
    build.add_argument(
        "--here", action="store_true", help="let the .pyz hold this platform and this Python only"
    )
    check = tasks.add_parser("check", help="check that tag, version, changelog and main agree")
    check.add_argument("tag", help="such as v1.2.0")
    compare = tasks.add_parser("compare", help="compare the built wheel with the committed hash")
    compare.add_argument("--output", type=Path, default=ROOT / "dist", help="the folder of the built files")
    attempt = tasks.add_parser("try", help="try the built files on this machine, as a user gets them")
    attempt.add_argument("--output", type=Path, default=ROOT / "dist", help="the folder of the built files")
    tasks.add_parser("notes", help="print the notes of the release")
    prepare = tasks.add_parser("prepare", help="make the commit of a release, and the one after it")
    prepare.add_argument("version", help="such as 1.2.0")
    given = parser.parse_args(arguments)
    try:
        _run(given)
    except ReleaseError as error:
        sys.stderr.write("".join(f"error: {line}\n" for line in str(error).splitlines()))
        return 1
    return 0


def _run(given: argparse.Namespace) -> None:
    match given.task:
        case "build":
            # The tools of a build are needed for it alone.
            from release import pyz
            from release.build import SUMS, build

            targets = [pyz.HERE] if given.here else pyz.TARGETS
            build(ROOT, given.output.resolve(), wheels=given.wheels, targets=targets)
            sys.stdout.write((given.output / SUMS).read_text(encoding="utf-8"))
        case "check":
            versions.check(ROOT, given.tag)
        case "compare":
            from release.build import compare

            compare(ROOT, given.output)
        case "try":
            from release.trial import trial

            trial(given.output.resolve())
        case "notes":
            sys.stdout.write(versions.notes(ROOT))
        case "prepare":
            from release.build import prepare

            prepare(ROOT, given.version, datetime.now(UTC).date())
            sys.stdout.write(
                f"Two commits are made: the release, with the hash of its wheel in {RELEASED}, and the one after it.\n"
                f"Merge both without squashing, then tag the first: git tag --sign v{given.version} HEAD~1\n"
            )


if __name__ == "__main__":
    sys.exit(main())
