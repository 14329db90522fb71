"""The errors that kalentops expects, with the exit code and the hint that each carries.

Anything else that is raised is a bug: the command line writes a report file for it.
"""

from __future__ import annotations

from typing import ClassVar


class KalentopsError(Exception):
    """Base of all expected errors.

    `exit_code` is what the process ends with (docs/commands.md); `hint` says what to type
    or do next, and may be replaced for one instance.
    """

    exit_code: ClassVar[int] = 1
    hint: str | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class UsageError(KalentopsError):
    """The command was called in a way that can't work."""


class StoreFailure(KalentopsError):
    """The disk said no: full, read-only, gone. What was durable before still is."""

    hint = "nothing that was recorded before is lost; make room or fix the permissions, then run the command again"

    @classmethod
    def of_output(cls, what: str, path: object, error: OSError | RuntimeError) -> StoreFailure:
        """For an output file that the user named. RuntimeError: links in a circle."""
        hint = (
            "there is no such folder: make it, or name another file"
            if isinstance(error, FileNotFoundError)
            else None
        )
        reason = getattr(error, "strerror", None) or error
        return cls(f"{what} can't be written to {path}: {reason}", hint=hint)


class InvalidConfig(KalentopsError):
    """`kalentops.yaml`, an option or an environment variable is not valid."""

    exit_code = 3


class InvalidFiles(KalentopsError):
    """The blueprints have findings of severity error."""

    exit_code = 3
    hint = "fix the errors above and run it again; `kalentops rule CODE` explains a code"


class Unwritable(KalentopsError):
    """A text that came from elsewhere can't stand in a file. The message says where in the data it is."""

    hint = "fix the text in Kalent's web app, then run the command again"


class CannotEdit(KalentopsError):
    """A blueprint can't be changed in its file without touching more than what is meant. The file is as it was."""

    hint = "change the file by hand"


class NoKey(KalentopsError):
    """There is no API key, or it can't be used."""

    exit_code = 4
    hint = "export KALENT_API_KEY=…, or KALENT_API_KEY_FILE=/path/to/a/file that holds it"


class Unauthorized(KalentopsError):
    """The API refused the key, the plan or the permission: 401, 402, 403."""

    exit_code = 4


class Forbidden(Unauthorized):
    """403: the key may not do this; it may well do other things."""


class Unreachable(KalentopsError):
    """The API could not be reached, kept answering 429 or 5xx, or sent no valid answer."""

    exit_code = 5
    hint = "check KALENT_API_URL and the network, then run the command again"


class UntrustedList(Unreachable):
    """A list was cut short, repeated itself or changed while it was read."""

    hint = "nothing is created from an incomplete list; run the command again in a minute"


class RefusedByApi(KalentopsError):
    """The API answered a read with a 4xx of its own, such as 404 for a sourcing that doesn't exist."""


class NoPullRequest(KalentopsError):
    """There is no pull request to comment on."""

    hint = "pass --pull-request N; or --if-pull-request, if the job also runs for other events"


class WrongAuthor(KalentopsError):
    """GitHub sees us as another account than the one we look for: the next run would not find this run's comment."""


class GuardRefused(KalentopsError):
    """More would be written than the guards permit."""

    exit_code = 6


class StalePlan(KalentopsError):
    """A saved plan no longer says what would happen."""

    exit_code = 7
    hint = "make a new plan with `kalentops plan --out FILE`, have it reviewed, and apply that"


class StateError(KalentopsError):
    """The state can't be used as it is. It is left untouched."""

    exit_code = 8


class StateLocked(StateError):
    """Another run holds the lock."""

    hint = (
        "wait for that run to end, or pass --lock-timeout SECONDS; the lock frees itself when its holder dies"
    )


class StateDamaged(StateError):
    """The state or its journal can't be read: not JSON, conflict markers, a failed check."""

    hint = "restore it from git: `git checkout -- kalentops.state.json`; never start again with an empty one"


class StateTooNew(StateError):
    """The state was written by a newer kalentops."""

    hint = "update kalentops to the version that wrote it, or a later one"


class StateMoved(StateError):
    """The state on disk is not the one that was read: other serial, other lineage."""

    hint = "another run wrote it in the meantime; run the command again"


class StatesDiverge(KalentopsError):
    """Two versions of a state say what can't both be true. To git, exit code 1 is a conflict."""


class Interrupted(KalentopsError):
    """The user, or the machine, asked the run to end."""

    exit_code = 130
