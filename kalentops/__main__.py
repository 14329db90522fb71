"""The program. Asked for its version alone, it loads nothing."""

from __future__ import annotations

import sys


def main() -> None:
    if sys.argv[1:] in (["--version"], ["-V"]):
        from kalentops import __version__

        sys.stdout.write(f"kalentops {__version__}\n")
        return
    try:
        from kalentops.cli import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        # Before there is anything to end, or a second one while the first is being told.
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
