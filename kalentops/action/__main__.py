"""One step of the action: `run`, `comment` or `record`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from kalentops.action.calling import INTERRUPTED, CommandInterrupted, call
from kalentops.action.inputs import Inputs
from kalentops.action.outputs import StepResult, write_outputs
from kalentops.action.steps import comment, run
from kalentops.errors import UsageError
from kalentops.output.terminal import escape_line
from kalentops.support.streams import finish, prepare
from kalentops.support.text import visible


def main(args: Sequence[str]) -> int:
    """One step of the action; its exit code."""
    outcome = _outcome(args, Inputs(os.environ))
    if args != ["run"]:
        return outcome.code
    write_outputs(outcome.outputs)
    # What kalentops said is the result of the last step, after the comment has been written.
    return INTERRUPTED if outcome.code == INTERRUPTED else 0


def _outcome(args: Sequence[str], inputs: Inputs) -> StepResult:
    try:
        match args:
            case ["run"]:
                return run(inputs)
            case ["comment"]:
                return StepResult(comment(inputs))
            case ["record"]:
                return StepResult(call(*inputs.args("state push")))
            case _:
                sys.stderr.write("error: action.yml asks for a step that does not exist\n")
                return StepResult(1)
    except UsageError as error:
        sys.stderr.write(f"error: {escape_line(visible(str(error)))}\nhint: {error.hint}\n")
        return StepResult(1)
    except (CommandInterrupted, KeyboardInterrupt):
        return StepResult(INTERRUPTED)


if __name__ == "__main__":
    prepare()
    sys.exit(finish(main(sys.argv[1:])))
