"""The program. Asked for its version alone, it loads nothing."""

from __future__ import annotations

import sys


def main() -> None:
    if sys.argv[1:] in (["--version"], ["-V"]):
        from kalentops import __version__

        sys.stdout.write(f"kalentops {__version__}\n")
        return
    from kalentops.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
