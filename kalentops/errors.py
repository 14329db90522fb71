"""The expected errors, with their exit codes and hints. Every other exception is a bug, with a crash report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, NamedTuple


class ExitCode(NamedTuple):
    """What an exit code means. `result` says it in one word, as the GitHub Action does; `remedy` is what to do next."""

    result: str
    meaning: str
    remedy: str


EXIT_CODES: Final[Mapping[int, ExitCode]] = {
    0: ExitCode("ok", "Done. For `plan`: with or without changes.", "Nothing."),
    1: ExitCode(
        "error",
        "An error without a code of its own, such as wrong usage. With `fmt --check` or `fmt --diff`: a file would "
        "change. For `state merge`: a conflict.",
        "Read the message: it names the remedy.",
    ),
    2: ExitCode(
        "changes",
        "Only with `plan --detailed-exitcode`: there are changes, or drift.",
        "Review the plan, then run `kalentops apply`.",
    ),
    3: ExitCode(
        "invalid",
        "The files or the settings are not valid.",
        "Fix the findings; `kalentops rule CODE` explains a code.",
    ),
    4: ExitCode(
        "refused",
        "The API refused the key, the plan or the permission (401, 402, 403), or there is no key.",
        "Check the key, and what it may do.",
    ),
    5: ExitCode(
        "unreachable",
        "The API could not be reached, or kept answering 429 or 5xx.",
        "Check the network and the address, then run the command again.",
    ),
    6: ExitCode(
        "stopped",
        "A guard stopped the plan, such as the `branch` of the environment, or every remaining change is a conflict.",
        "Pass the option that the message names, or decide the conflicts.",
    ),
    7: ExitCode(
        "stale",
        "The saved plan is stale, or a file was changed during the run.",
        "Make a new plan, or run the command again.",
    ),
    8: ExitCode(
        "state",
        "The state is locked, damaged, too new, missing, has moved, or could not be pushed; or the place where it is "
        "kept can't be used.",
        "Do what the message says; do not start with an empty state.",
    ),
    9: ExitCode(
        "partial",
        "Some changes were made, others failed.",
        "Fix what the messages name, then run the command again: it continues.",
    ),
    10: ExitCode(
        "unknown",
        "The outcome of at least one write is unknown.",
        "Run `kalentops apply` again: it looks up the outcome.",
    ),
    130: ExitCode("interrupted", "Interrupted or cancelled.", "Run the command again: it continues."),
}


class KalentopsError(Exception):
    """Base of all expected errors.

    `exit_code` is one of `EXIT_CODES`; `hint` says what to type or do next, and may be replaced for one instance.
    """

    exit_code: ClassVar[int] = 1
    hint: str | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint

    def complete(self, complete: Callable[[str], str]) -> None:
        """Replace message, notes and hint by what `complete` makes of them."""
        self.args = (complete(str(self)),)
        self.__notes__ = [complete(each) for each in getattr(self, "__notes__", ())]
        self.hint = self.hint and complete(self.hint)


class UsageError(KalentopsError):
    """The command was called in a way that can't work."""


class StoreFailure(KalentopsError):
    """The store can't be read or written, such as a full disk. What was durable before still is."""

    hint = (
        "what was recorded before is safe; free disk space or fix the permissions, then run the command again"
    )

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


class SharedStoreFailure(StoreFailure):
    """A shared store can't be reached, refuses, or can't keep a state. Each instance has its own hint."""

    exit_code = 8


class InvalidConfig(KalentopsError):
    """`kalentops.yaml`, an option or an environment variable is not valid."""

    exit_code = 3


class InvalidFiles(KalentopsError):
    """The blueprints have findings of severity error."""

    exit_code = 3
    hint = "fix the errors above and run it again; `kalentops rule CODE` explains a code"


class Unwritable(KalentopsError):
    """A text of the API can't be written to a YAML file. The message says where in the data it stands."""

    hint = "fix the text in Kalent's web app, then run the command again"


class CannotEdit(KalentopsError):
    """A blueprint can't be changed in its file without other changes there. The file is unchanged."""

    hint = "change the file by hand"


class CannotExtract(KalentopsError):
    """The blueprints can't share one template. No file was changed."""


class NoKey(KalentopsError):
    """There is no API key, or it can't be used."""

    exit_code = 4
    hint = "export KALENT_API_KEY=…, or KALENT_API_KEY_FILE=/path/to/a/file that contains it"


class Unauthorized(KalentopsError):
    """The API refused the key, the plan or the permission: 401, 402, 403."""

    exit_code = 4


class Forbidden(Unauthorized):
    """403: the key lacks one permission; others may work."""


class Unreachable(KalentopsError):
    """The API could not be reached, kept answering 429 or 5xx, or sent no valid answer."""

    exit_code = 5
    hint = "check KALENT_API_URL and the network, then run the command again"


class UntrustedList(Unreachable):
    """A list was incomplete, repeated itself or changed while it was read."""

    hint = "nothing is created from an incomplete list; run the command again in a minute"


class RefusedByApi(KalentopsError):
    """The API refused a read with another 4xx, such as 404 for a sourcing that doesn't exist."""


class NoPullRequest(KalentopsError):
    """There is no pull request to comment on."""

    hint = "pass --pull-request N; or --if-pull-request, if the job also runs for other events"


class WrongAuthor(KalentopsError):
    """GitHub wrote the comment under another account than expected: the next run would not find it."""


class GuardRefused(KalentopsError):
    """The plan has more changes than a guard allows."""

    exit_code = 6


class StalePlan(KalentopsError):
    """A saved plan does not match the files or the state any more."""

    exit_code = 7
    hint = "make a new plan with `kalentops plan --out FILE`, have it reviewed, and apply that"


class FilesChanged(StalePlan):
    """A file has changed since the plan was made from it."""

    hint = "run the command again: it reads the files again"


class StateError(KalentopsError):
    """The state can't be used as it is. It is unchanged."""

    exit_code = 8


class StateLocked(StateError):
    """Another run holds the lock."""

    hint = "wait for that run to end, or pass --lock-timeout SECONDS; a run that dies releases the lock"


class StateDamaged(StateError):
    """The state or its journal can't be read: not JSON, conflict markers, a failed check."""

    hint = "restore it from git: `git checkout -- kalentops.state.json`; do not start with an empty state"


class StateTooNew(StateError):
    """The state was written by a newer kalentops."""

    hint = "update kalentops to the version that wrote it, or to a later one"


class StateMoved(StateError):
    """The stored state is not the one that was read."""

    hint = "another run wrote it in the meantime; run the command again"


class StateMigrated(StateError):
    """What is stored here is out of use: `state migrate` has moved the state."""


class StatesDiverge(KalentopsError):
    """Two versions of a state contradict each other. To git, exit code 1 is a conflict."""


class Interrupted(KalentopsError):
    """The user or the system interrupted the run."""

    exit_code = 130
