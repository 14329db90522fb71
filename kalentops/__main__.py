"""The program. Asked for its version alone, it loads nothing."""

from __future__ import annotations

import gc
import sys

from kalentops.support.streams import finish, prepare


def main() -> None:
    try:
        prepare()
        code = _run(sys.argv[1:])
    except KeyboardInterrupt:
        # Before there is anything to end, or a second one while the first is being told.
        code = 130
    sys.exit(finish(code))


def _run(args: list[str]) -> int:
    if args in (["--version"], ["-V"]):
        from kalentops import __version__

        sys.stdout.write(f"kalentops {__version__}\n")
        return 0
    # Modules and thousands of blueprints are many objects and hardly a cycle: the collector need not look that often.
    gc.set_threshold(50_000, 20, 100)
    from kalentops.cli.main import run

    return run(args)


if __name__ == "__main__":
    main()
