"""Why something happens: a code and its parameters. The sentences are in `output/explanations.py`. Pure data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from kalentops.blueprint.remote import Remote
from kalentops.errors import KalentopsError
from kalentops.state.model import Entry, Intent
from kalentops.support.text import same_name


class Code(StrEnum):
    """Stable: programs may compare them. The sentence of each says what it means."""

    # of a plan, from the files and the state
    NO_LONGER_DECLARED = "no-longer-declared"
    STUB_NO_LONGER_DECLARED = "stub-no-longer-declared"
    POSSIBLY_RENAMED = "possibly-renamed"
    FORGOTTEN = "forgotten"
    PROTECTED = "protected"
    RESERVED = "reserved"
    INTERRUPTED = "interrupted"
    INTERRUPTED_CREATE = "interrupted-create"
    INTERRUPTED_RESERVATION = "interrupted-reservation"
    STARTED_BY = "started-by"
    REMOVAL_WAITS = "removal-waits"
    MOVE_TARGET_TAKEN = "move-target-taken"
    MOVED_FROM_UNKNOWN = "moved-from-unknown"
    IDENTICAL_ORPHAN = "identical-orphan"
    SIMILAR_ORPHAN = "similar-orphan"
    SIMILAR_INTERRUPTED = "similar-interrupted"
    NAME_GIVEN_AWAY = "name-given-away"
    NAME_STILL_TAKEN = "name-still-taken"
    OTHER_SOURCING = "other-sourcing"
    FORCED = "forced"
    # of what a list shows
    GONE = "gone"
    NOT_LISTED_YET = "not-listed-yet"
    NOT_SHOWN = "not-shown"
    SOURCING_UNAVAILABLE = "sourcing-unavailable"
    STEPS_NOT_SHOWN = "steps-not-shown"
    EDITED = "edited"
    POSSIBLY_EDITED = "possibly-edited"
    FILLED_STUB_DIFFERS = "filled-stub-differs"
    EDIT_REPLACED = "edit-replaced"
    NOT_ARRIVED = "not-arrived"
    AS_DECLARED = "as-declared"
    IDENTICAL = "identical"
    COMPLETED_LATER = "completed-later"
    SAME_NAME = "same-name"
    SAME_STEPS = "same-steps"
    SEVERAL_SIMILAR = "several-similar"
    ALSO_SIMILAR = "also-similar"
    STUB_USED = "stub-used"
    STUB_EDITED = "stub-edited"
    SEVERAL_STUBS = "several-stubs"
    LEFTOVER_STUB = "leftover-stub"
    ARRIVED = "arrived"
    CREATED_BY_INTERRUPTED_RUN = "created-by-interrupted-run"
    NOT_SENT_AGAIN = "not-sent-again"
    TEXT_MAY_ARRIVE = "text-may-arrive"
    # of a run
    ADOPTION_GONE = "adoption-gone"
    CREATES_STOPPED = "creates-stopped"
    ANSWER_LOST = "answer-lost"
    ANSWER_UNNAMED = "answer-unnamed"
    STUB_UNNAMED = "stub-unnamed"
    ATTEMPTS_USED_UP = "attempts-used-up"
    STUB_TAKING = "stub-taking"
    STUB_NOT_TAKEN = "stub-not-taken"
    RESUMING = "resuming"
    OUTCOME_UNKNOWN = "outcome-unknown"
    UPDATE_UNKNOWN = "update-unknown"
    EDITED_MEANWHILE = "edited-meanwhile"
    EARLIER_OUTCOME_UNKNOWN = "earlier-outcome-unknown"
    REFUSED = "refused"
    STUBS_REFUSED = "stubs-refused"
    KEY_REFUSED = "key-refused"
    NOT_SENT = "not-sent"
    RATE_LIMITED = "rate-limited"
    RUN_INTERRUPTED = "run-interrupted"
    ERROR = "error"
    NOT_RECORDED = "not-recorded"
    NOTHING_SENT = "nothing-sent"
    NOT_READ_BACK = "not-read-back"
    NOT_SEEN_YET = "not-seen-yet"
    OLDER_TEXT_ARRIVED = "older-text-arrived"
    OBSERVATION_NOT_RECORDED = "observation-not-recorded"
    SHOWN_DIFFERENTLY = "shown-differently"
    SENT_AGAIN = "sent-again"
    AT_WORK = "at-work"
    CHANGED_BY_OTHER_RUN = "changed-by-other-run"
    LEFT_TO_OTHER_RUN = "left-to-other-run"


class Explanation(NamedTuple):
    """`parameters` is plain JSON data: an address is `SOURCING_ID/KEY`, a time ISO 8601. `also` holds further
    explanations of the same thing.
    """

    code: Code
    parameters: Mapping[str, Any]
    also: tuple[Explanation, ...] = ()


def explain(code: Code, /, **parameters: Any) -> Explanation:
    return Explanation(code, parameters)


def together(*explanations: Explanation | None) -> Explanation | None:
    """One explanation of several, None of none."""
    given = [each for each in explanations if each is not None]
    if not given:
        return None
    rest = [part for each in given[1:] for part in (each._replace(also=()), *each.also)]
    return given[0]._replace(also=(*given[0].also, *rest))


def ids(remotes: Iterable[Remote]) -> list[str]:
    return [each.blueprint_id for each in remotes]


def orphaned(entry: Entry, renamed_to: str | None = None) -> Explanation:
    """`renamed_to` is its possible new address."""
    known = {"address": entry.address, "applied_at": entry.applied_at}
    if renamed_to is not None:
        return explain(Code.POSSIBLY_RENAMED, **known, renamed_to=renamed_to)
    return explain(Code.STUB_NO_LONGER_DECLARED if entry.mark else Code.NO_LONGER_DECLARED, **known)


def missing(entry: Entry, recorded_as: str | None = None) -> Explanation:
    """Its sourcing does not list it: no longer, or not yet. `recorded_as` is its address in the state, if that is
    another.
    """
    code = Code.NOT_LISTED_YET if entry.remote_digest is None else Code.GONE
    return explain(code, address=recorded_as or entry.address, blueprint_id=entry.blueprint_id)


def interrupted(intent: Intent, entry: Entry | None) -> Explanation:
    """What an interrupted run has left open at an address."""
    if intent.run is not None:
        return explain(
            Code.STARTED_BY, action=intent.action, at=intent.at, run=intent.run, host=intent.host or ""
        )
    if entry is None or entry.mark is None:
        return explain(Code.INTERRUPTED, action=intent.action, at=intent.at)
    return explain(Code.INTERRUPTED_CREATE, at=intent.at, blueprint_id=entry.blueprint_id)


def edited(entry: Entry, remote: Remote) -> Explanation:
    """The blueprint shows neither what was last seen there nor what is declared."""
    if entry.mark is not None:
        return explain(Code.FILLED_STUB_DIFFERS, address=entry.address, blueprint_id=entry.blueprint_id)
    if remote.shown is None:
        return explain(Code.POSSIBLY_EDITED, address=entry.address)
    return explain(Code.EDITED, address=entry.address, updated_at=remote.updated_at)


def similar(found: Sequence[Remote], name: str, address: str) -> Explanation:
    """Why no blueprint is created at `address` beside what looks like it."""
    if len(found) > 1:
        return explain(Code.SEVERAL_SIMILAR, blueprint_ids=ids(found))
    (one,) = found
    code = Code.SAME_NAME if same_name(one.name) == same_name(name) else Code.SAME_STEPS
    return explain(code, address=address, blueprint_id=one.blueprint_id, name=one.name)


def leftover(blueprint_id: str, name: str) -> Explanation:
    """A stub that no address has claimed."""
    return explain(Code.LEFTOVER_STUB, blueprint_id=blueprint_id, name=name)


def also_similar(others: Sequence[Remote]) -> Explanation | None:
    return explain(Code.ALSO_SIMILAR, blueprint_ids=ids(others)) if others else None


def of_error(error: KalentopsError, *, hint: bool = False) -> Explanation:
    return explain(Code.ERROR, message=str(error), hint=(error.hint if hint else None) or "")
