"""Explanations in words: a short sentence, and what a person can do about it. Nothing else has these sentences."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from kalentops.output.terminal import Line, Style, line
from kalentops.plan.explanation import Code, Explanation
from kalentops.plan.moves import StateEdit
from kalentops.support.text import clip, visible, with_times


class Remedy(NamedTuple):
    """What a person can do: a label (`keep the edit`), what to type or write, and a note about that."""

    label: str
    code: str
    note: str = ""

    def within(self, environment: str | None) -> Remedy:
        """What to type for an environment."""
        command = self.code.startswith("kalentops ")
        return self._replace(code=in_environment(self.code, environment)) if command else self

    def __str__(self) -> str:
        return f"{self.label}: `{self.code}`" + (f" ({self.note})" if self.note else "")


def in_environment(command: str, environment: str | None) -> str:
    """The command for an environment: a project with several takes none without -e."""
    return command if environment is None else f"{command} -e {visible(shlex.quote(environment))}"


_COMMAND: Final = re.compile(
    r"`(kalentops (?:apply|close|detach|extract|import|new|plan|render|sourcings|state (?!merge\b))[^`]*)`"
)
"""The commands that work on one environment. One that names its environment is left as it is."""


def with_environment(said: str, environment: str | None) -> str:
    """A text with its commands for an environment."""

    def completed(found: re.Match[str]) -> str:
        command = found[1]
        named = " -e " in command or "--all-environments" in command
        return found[0] if named else f"`{in_environment(command, environment)}`"

    return said if environment is None else _COMMAND.sub(completed, said)


def text(of: Explanation | str | None, environment: str | None = None) -> str:
    """As one string, for programs. None is empty."""
    return "; ".join([sentence(of, environment), *map(str, remedies(of, environment))])


def sentence(of: Explanation | str | None, environment: str | None = None) -> str:
    """What it says, without what to do about it."""
    if isinstance(of, str | None):
        return with_environment(of or "", environment)
    said = "; ".join(_SENTENCES[each.code].format_map(_words(each)) for each in _all(of))
    return with_environment(said, environment)


def remedies(of: Explanation | str | None, environment: str | None = None) -> tuple[Remedy, ...]:
    found = () if isinstance(of, str | None) else _all(of)
    said = (remedy for each in found for remedy in _REMEDIES.get(each.code, _none)(_words(each)))
    return tuple(each.within(environment) for each in said)


def _all(of: Explanation) -> tuple[Explanation, ...]:
    return of, *of.also


def lines(
    of: Explanation | str | None, indent: str, style: Style = "dim", environment: str | None = None
) -> Iterator[Line]:
    """As lines of text."""
    yield line((f"{indent}{visible(with_times(sentence(of, environment)))}", style))
    yield from remedy_lines(remedies(of, environment), indent)


def remedy_lines(of: Iterable[Remedy], indent: str) -> Iterator[Line]:
    """The commands one below the other."""
    labelled = [(visible(f"{each.label}:"), each) for each in of]
    width = max((len(label) for label, _ in labelled), default=0)
    for label, each in labelled:
        note = f"  ({visible(each.note)})" if each.note else ""
        yield line((f"{indent}{label:<{width}} ", "dim"), (visible(each.code), "code"), (note, "dim"))


class _Words(dict[str, str]):
    """A saved plan of another version may lack a parameter."""

    def __missing__(self, _: str) -> str:
        return ""


def _words(of: Explanation) -> _Words:
    """The parameters as words, and what follows from them."""
    found = _Words()
    found |= {
        name: ", ".join(map(str, said)) if isinstance(said, list) else _word(said)
        for name, said in of.parameters.items()
    }
    for name in ("address", "other"):
        if name in found:
            sourcing_id, _, key = found[name].partition("/")
            found |= {f"{name}_sourcing": sourcing_id, f"{name}_key": key}
    found["name"] = clip(found.get("name", ""), 120)
    found["blueprint"] = found.get("blueprint_id") or "a blueprint of an interrupted create"
    found["when"] = f" ({found['updated_at']})" if found.get("updated_at") else ""
    found["after"] = f"; {found['hint']}" if found.get("hint") else ""
    ids = found.get("blueprint_ids", "")
    found["matches"] = (
        f"several blueprints are exactly what was sent ({ids})"
        if ids
        else "nothing in Kalent is exactly what was sent"
    )
    return found


def _word(of: Any) -> str:
    return "" if of is None else str(of)


_WEB: Final = "in Kalent's web app"
_AGAIN: Final = "the next run looks again"
_SENTENCES: Final[Mapping[Code, str]] = {
    Code.NO_LONGER_DECLARED: "no longer declared (recorded {applied_at}); delete it in Kalent's web app",
    Code.STUB_NO_LONGER_DECLARED: "no longer declared (reserved {applied_at}); it is an empty stub, no text was sent; "
    f"delete it {_WEB}",
    Code.POSSIBLY_RENAMED: "no longer declared (recorded {applied_at}); possibly renamed to {renamed_to}: resolve that "
    "conflict first",
    Code.FORGOTTEN: "the state forgets it; it stays in Kalent until it is deleted there",
    Code.PROTECTED: "`protect: true` keeps it as it is",
    Code.RESERVED: "{blueprint_id} is reserved for it; no text is known to have arrived there",
    Code.INTERRUPTED: "a run was interrupted at its {action} ({at}); apply first looks up its outcome",
    Code.INTERRUPTED_CREATE: "a run was interrupted at its create ({at}): it reserved {blueprint_id}; apply checks "
    "whether its text arrived, and sends it if not",
    Code.STARTED_BY: "run {run} on {host} started its {action} at {at}, and is at work or was interrupted; apply "
    "sends the same text at once, and another text only after that run has ended",
    Code.INTERRUPTED_RESERVATION: "an earlier run was interrupted; if it left an empty blueprint, apply fills that one",
    Code.REMOVAL_WAITS: "declared as removed; apply first looks up the outcome of an interrupted run",
    Code.MOVE_TARGET_TAKEN: "declared as moved to {other}, which {blueprint} has already",
    Code.MOVED_FROM_UNKNOWN: "declared as moved from {declared_from}, which is not recorded; {other_key} is recorded, "
    "as {blueprint_id}, and no longer declared",
    Code.IDENTICAL_ORPHAN: "identical to {blueprint_id}, which is recorded as {other} and no longer declared",
    Code.SIMILAR_ORPHAN: "{blueprint_id}, recorded as {other}, has the same name or the same steps and is no longer "
    "declared",
    Code.SIMILAR_INTERRUPTED: "a run was interrupted while it created {other}, which is no longer declared and looks "
    "like this one; that is settled first: run it again afterwards",
    Code.NAME_GIVEN_AWAY: "it gets another name, and {other} takes its current one",
    Code.NAME_STILL_TAKEN: "{blueprint}, recorded as {other}, has this name so far, and {other} gets another one",
    Code.OTHER_SOURCING: "a blueprint can't change its sourcing: this creates a new one, and {blueprint}, recorded as "
    "{other}, becomes an orphan",
    Code.FORCED: "sent as declared, whatever Kalent shows (--overwrite)",
    Code.GONE: "{blueprint_id} is no longer in {address_sourcing}",
    Code.NOT_LISTED_YET: "no list shows {blueprint_id} yet",
    Code.NOT_SHOWN: "Kalent no longer shows it",
    Code.SOURCING_UNAVAILABLE: "{message}",
    Code.STEPS_NOT_SHOWN: "Kalent does not show its steps",
    Code.EDITED: "edited in Kalent{when}",
    Code.POSSIBLY_EDITED: "Kalent does not show its steps, so it may have been edited; look at it in the web app",
    Code.FILLED_STUB_DIFFERS: "{blueprint_id} was reserved for it, and holds another text than was sent: it was edited "
    "in Kalent, or the API changed the text",
    Code.EDIT_REPLACED: "replaces what was edited in Kalent (--overwrite)",
    Code.NOT_ARRIVED: "what was sent last has not arrived there yet",
    Code.AS_DECLARED: "Kalent shows it as declared; it is only recorded",
    Code.IDENTICAL: "an identical blueprint exists; it will be adopted",
    Code.COMPLETED_LATER: "an update then sets the fields that Kalent does not show",
    Code.SAME_NAME: "{blueprint_id} is unmanaged, and has this name but different content",
    Code.SAME_STEPS: "{blueprint_id} is unmanaged, has exactly these steps, and is called {name}",
    Code.SEVERAL_SIMILAR: "several unmanaged blueprints look like it: {blueprint_ids}; delete the unwanted ones "
    f"{_WEB}",
    Code.ALSO_SIMILAR: f"{{blueprint_ids}} looks like it, too; compare them {_WEB}",
    Code.STUB_USED: "uses {blueprint_id}, the stub that an interrupted run reserved",
    Code.STUB_EDITED: "{blueprint_id} was reserved for it, and was edited in Kalent; delete it there, or import it",
    Code.SEVERAL_STUBS: "{blueprint_ids} are stubs that earlier runs reserved for it, and a text may "
    f"still arrive at one of them; delete all but one {_WEB}",
    Code.LEFTOVER_STUB: '{blueprint_id} "{name}" is an empty stub that no address uses; it can\'t be started; if no '
    f"other run is at work, delete it {_WEB}",
    Code.ARRIVED: "it has arrived",
    Code.CREATED_BY_INTERRUPTED_RUN: "it was created, as {blueprint_id}",
    Code.NOT_SENT_AGAIN: "{matches}; it was sent at {at} and may still appear; kalentops does not send it again on its "
    f"own: look {_WEB}",
    Code.TEXT_MAY_ARRIVE: "no longer declared, and the text that was sent to {blueprint_id} may still arrive there; "
    f"delete it {_WEB}",
    Code.ADOPTION_GONE: "the blueprint to adopt has disappeared from Kalent; nothing was created: make a new plan",
    Code.CREATES_STOPPED: "three creates in a row had no usable answer; no new one is started",
    Code.ANSWER_LOST: "{cause}",
    Code.ANSWER_UNNAMED: "the answer does not name what was created",
    Code.STUB_UNNAMED: "the answer does not name what was created (if that repeats, set `create: whole` in "
    "kalentops.yaml)",
    Code.ATTEMPTS_USED_UP: "{attempts} attempts had no usable answer; no text was sent; the next run looks first",
    Code.STUB_TAKING: "a stub is claimed",
    Code.STUB_NOT_TAKEN: "no list shows that {blueprint_id} is taken; no text was sent; the next run looks first",
    Code.RESUMING: "an earlier run was interrupted here",
    Code.OUTCOME_UNKNOWN: "the next run looks first",
    Code.UPDATE_UNKNOWN: "it is not known whether the text arrived; the next run looks first",
    Code.EDITED_MEANWHILE: "it was edited in Kalent meanwhile",
    Code.EARLIER_OUTCOME_UNKNOWN: "the outcome of an earlier request is unknown; the next run looks it up first",
    Code.REFUSED: "the API refused: {message} (HTTP {status})",
    Code.STUBS_REFUSED: "if the API takes no empty blueprints, set `create: whole` in kalentops.yaml",
    Code.KEY_REFUSED: "the API refused the key: {message}",
    Code.NOT_SENT: "{cause}",
    Code.RATE_LIMITED: "rate limited: gave up after {attempts} attempts",
    Code.RUN_INTERRUPTED: "the run was interrupted before this was sent",
    Code.ERROR: "{message}{after}",
    Code.NOT_RECORDED: "{blueprint_id} was written, but that could not be recorded: {message}; the next run "
    "looks first",
    Code.NOTHING_SENT: "Kalent shows it as declared; nothing was sent",
    Code.NOT_READ_BACK: f"the API reported success, but its list could not be read: {{message}}; {_AGAIN}",
    Code.NOT_SEEN_YET: f"the API reported success, but no list shows it yet; {_AGAIN}",
    Code.OLDER_TEXT_ARRIVED: "an older text arrived after this one; run `kalentops apply` again",
    Code.OBSERVATION_NOT_RECORDED: "its version in Kalent could not be recorded: {message}",
    Code.SHOWN_DIFFERENTLY: "Kalent shows {address} ({blueprint_id}) differently than it was sent: look at it in "
    "the web app",
    Code.SENT_AGAIN: "the API had reported success, but it had not arrived; it was sent again",
    Code.AT_WORK: "run {run} on {host} has been at work on it since {since}; nothing was sent: run it "
    "again later",
    Code.CHANGED_BY_OTHER_RUN: "another run has changed it in the state meanwhile; nothing was sent: make a new plan",
    Code.LEFT_TO_OTHER_RUN: "{address} is in no file here; another run is at work on it, and it was left alone",
}


def importing(address: str, note: str = "") -> Remedy:
    """What was edited in Kalent goes into the file."""
    return Remedy("keep the edit", f"kalentops import {address.partition('/')[0]} --update", note)


def overwriting(label: str, address: str, note: str = "") -> Remedy:
    """The declared text replaces what is there. Nothing else that is pending is applied with it."""
    return Remedy(label, f"kalentops apply --overwrite {address} --target {address}", note)


def of_drift(address: str, environment: str | None) -> tuple[Remedy, ...]:
    """What to do about an edit that was made in Kalent."""
    found = importing(address), overwriting("undo the edit", address)
    return tuple(each.within(environment) for each in found)


def _moving(label: str, old: str, new: str) -> Remedy:
    return Remedy(label, f"kalentops state mv {old} {new}")


def _moved(of: _Words) -> tuple[Remedy, ...]:
    return (
        Remedy(
            "key renamed", f"moved: [{{from: {of['other_key']}, to: {of['address_key']}}}]", "in the file"
        ),
        _moving("or at once", of["other"], of["address"]),
    )


def _forget(label: str, of: _Words, note: str = "") -> tuple[Remedy, ...]:
    return (Remedy(label, f"kalentops state rm {of['address']}", note),)


def _import(of: _Words, note: str = "plan then shows what differs") -> tuple[Remedy, ...]:
    command = f"kalentops import {of['address_sourcing']} --key {of['address_key']} --id {of['blueprint_id']}"
    return (Remedy("import it", command, note),)


def _removed(of: _Words) -> tuple[Remedy, ...]:
    sourcing_id = of["address_sourcing"]
    where = f"in a file of {sourcing_id}, or in a new one"
    return (Remedy("forget it", f"removed: [{of['address_key']}]", where), *_forget("or at once", of))


def _not_sent_again(of: _Words) -> tuple[Remedy, ...]:
    sourcing_id, key = of["address_sourcing"], of["address_key"]
    again = Remedy("if it did not arrive", f"kalentops apply --resend {of['address']}")
    return (
        Remedy("if it arrived", f"kalentops import {sourcing_id} --key {key} --id ID"),
        *([again] if of["declared"] == "True" else []),
        *_forget("if you no longer want it", of),
    )


def _none(_: _Words) -> tuple[Remedy, ...]:
    return ()


_REMEDIES: Final[Mapping[Code, Callable[[_Words], tuple[Remedy, ...]]]] = {
    Code.NO_LONGER_DECLARED: _removed,
    Code.STUB_NO_LONGER_DECLARED: _removed,
    Code.PROTECTED: lambda of: (overwriting("update it anyway", of["address"]),),
    Code.MOVED_FROM_UNKNOWN: lambda of: (
        Remedy(
            "meant that one", f"moved: [{{from: {of['other_key']}, to: {of['address_key']}}}]", "in the file"
        ),
        Remedy("another one", f"removed: [{of['other_key']}]", "in the file"),
    ),
    Code.IDENTICAL_ORPHAN: _moved,
    Code.SIMILAR_ORPHAN: lambda of: (
        *_moved(of),
        Remedy("another one", f"removed: [{of['other_key']}]", "in the file, and two different names"),
    ),
    Code.NAME_GIVEN_AWAY: lambda of: (
        _moving("keys renamed or swapped", of["address"], of["other"]),
        overwriting("intended", of["address"]),
    ),
    Code.NAME_STILL_TAKEN: lambda of: (
        _moving("keys renamed or swapped", of["other"], of["address"]),
        overwriting("this is a new one", of["other"], "first"),
    ),
    Code.GONE: lambda of: _forget(
        "forget it", of, "if it was deleted there; the next apply creates it again if it is declared"
    ),
    Code.NOT_LISTED_YET: lambda of: (
        Remedy("look again later", "kalentops apply"),
        *_forget("forget it", of, "only if it was deleted in Kalent"),
    ),
    Code.EDITED: lambda of: (
        importing(of["address"], "except where the file changed the same text"),
        overwriting("undo the edit", of["address"]),
    ),
    Code.POSSIBLY_EDITED: lambda of: (overwriting("undo the edit", of["address"]),),
    Code.FILLED_STUB_DIFFERS: lambda of: (
        overwriting("send it again", of["address"], "overwrites the text in Kalent"),
    ),
    Code.SAME_NAME: lambda of: _import(of, "plan then shows what differs; or rename one of the two"),
    Code.SAME_STEPS: _import,
    Code.STUB_EDITED: _import,
    Code.NOT_SENT_AGAIN: _not_sent_again,
    Code.TEXT_MAY_ARRIVE: lambda of: _forget("then", of),
    Code.AT_WORK: lambda of: (
        Remedy(
            "if that run is dead", f"kalentops apply --take-over {of['run']}", "not needed after ten minutes"
        ),
    ),
}

STATE_EDITS: Final = "The state was changed on this branch"
WHY_STATE_EDITS: Final = (
    "`apply` treats these ids as its own and overwrites what they name; nothing here can tell who recorded them. It is "
    "expected after `apply`, `import` or `state` on this branch; else look up each id in Kalent before you merge"
)


def state_edit(of: StateEdit) -> str:
    """What it means, without the address."""
    new, old = of.blueprint_id, of.before_id
    match of.kind:
        case "added":
            return f"recorded as {new}, which was not known before" if new else "a run was interrupted there"
        case "other id":
            return f"{new} instead of {old}"
        case "removed":
            return f"{old} is no longer recorded"
        case _:
            return f"the record of {new} was changed" if new else "its open change was changed"


def import_command(sourcing_ids: Iterable[str], environment: str | None) -> str:
    """The command that imports the unmanaged blueprints of these sourcings."""
    ids = sorted(sourcing_ids)
    command = f"kalentops import {' '.join(ids) if len(ids) <= _NAMED else '--all'}"
    return in_environment(command, environment)


_NAMED: Final = 3
