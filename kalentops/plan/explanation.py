"""Why something is as it is, and what a person can do about it. Pure data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Self

from kalentops.blueprint.body import Address
from kalentops.blueprint.remote import Remote
from kalentops.state.model import Entry, Intent
from kalentops.support.text import clip, same_name


class Remedy(NamedTuple):
    """What somebody can do: in a word or two (`take it`), what to type or write for it, and what to know about that."""

    label: str
    code: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.label}: `{self.code}`" + (f" ({self.note})" if self.note else "")


class Explanation(str):
    """A reason in one string, for programs. For people it has parts: `said`, a short sentence, and the ways on from it.

    It is a string so that what has no ways needs none of this; put into another string, it is whole.
    """

    __slots__ = ("said", "ways")
    said: str
    ways: tuple[Remedy, ...]

    def __new__(cls, said: str, *ways: Remedy) -> Self:
        made = super().__new__(cls, "; ".join([said, *map(str, ways)]))
        made.said, made.ways = said, ways
        return made


def together(*reasons: str) -> str:
    """One reason of several: first what they say, then all their ways. Empty ones say nothing."""
    parts = [parted(each) for each in reasons if each]
    said, ways = "; ".join(said for said, _ in parts), [way for _, of in parts for way in of]
    return Explanation(said, *ways) if ways else said


def parted(reason: str) -> tuple[str, tuple[Remedy, ...]]:
    """What is said, and the ways on, if there are any."""
    return (reason.said, reason.ways) if isinstance(reason, Explanation) else (reason, ())


def orphaned(entry: Entry, heir: str | None = None) -> str:
    """The state has it, and no file wants it. `heir`: the address that it may have now, whose conflict says what to do;
    whoever forgot it here first would make that one anew.
    """
    if heir is not None:
        return f"in no file any more; recorded {entry.applied_at}; it may be {heir} now: what is said there comes first"
    empty = "; it is reserved and empty, no text was sent" if entry.mark else ""
    return Explanation(
        f"in no file any more; recorded {entry.applied_at}{empty}; Kalent's web app is where one deletes it",
        Remedy(
            "forget it",
            f"removed: [{entry.key}]",
            f"in a file of {entry.sourcing_id}; or alone in a new one, below `sourcingId: {entry.sourcing_id}`",
        ),
        Remedy("the same at once", f"kalentops state rm {entry.address}"),
    )


def gone(entry: Entry, recorded_as: str | None = None) -> str:
    """Its sourcing does not list it. `recorded_as`: the address that the state has for it, where that is another."""
    forget = Remedy(
        "forget it",
        f"kalentops state rm {recorded_as or entry.address}",
        "if it was deleted there; the next apply makes it anew if the files want it",
    )
    return Explanation(f"{entry.blueprint_id} is not in {entry.sourcing_id} any more", forget)


def interrupted(intent: Intent, entry: Entry | None) -> str:
    """What a run has left open at an address, and what the next one does about it."""
    if entry is None or entry.mark is None:
        what = f"a run was interrupted at its {intent.action} ({intent.at})"
        return f"{what}; what became of it is looked up first"
    what = f"a run was interrupted at its create ({intent.at}): it reserved {entry.blueprint_id}"
    return f"{what}; apply checks whether its text arrived, and sends it if not"


def missing(entry: Entry, recorded_as: str | None = None) -> str:
    """Its sourcing does not list it: any more, or not yet. `recorded_as` is as with `gone`."""
    if entry.remote_digest is not None:
        return gone(entry, recorded_as)
    forget = Remedy(
        "forget it", f"kalentops state rm {recorded_as or entry.address}", "only if it was deleted in Kalent"
    )
    return Explanation(f"no list shows {entry.blueprint_id} yet; run `kalentops apply` again later", forget)


def never_resent(intent: Intent, exact: Sequence[Remote], *, wanted: bool = True) -> str:
    """A create that was sent with its text, and whose outcome is not known: it may still come true."""
    ids = ", ".join(each.blueprint_id for each in exact)
    why = (
        f"several are exactly what was sent ({ids})" if ids else "nothing in Kalent is exactly what was sent"
    )
    sourcing_id, key = intent.address.sourcing_id, intent.address.key
    again = Remedy("if it did not arrive", f"kalentops apply --resend {intent.address}")
    return Explanation(
        f"{why}; it was sent at {intent.at} and may still appear; kalentops does not send it again on its own: look in "
        "Kalent's web app",
        Remedy("if it is there", f"kalentops import {sourcing_id} --key {key} --id ID"),
        *([again] if wanted else []),
        Remedy("if you no longer want it", f"kalentops state rm {intent.address}"),
    )


def text_on_its_way(entry: Entry) -> str:
    """A stub that no file wants any more, and that may still get the text that was sent to it."""
    said = (
        f"no file has it any more, and the text that was sent to {entry.blueprint_id} may still arrive there"
    )
    return Explanation(
        f"{said}; delete it in Kalent's web app", Remedy("then", f"kalentops state rm {entry.address}")
    )


def leftover(blueprint_id: str, name: str) -> str:
    """A stub that no address has claimed."""
    return (
        f'{blueprint_id} "{clip(name, 120)}" is an empty blueprint that no address uses; it can\'t be started; if no '
        "other run is at work, delete it in Kalent's web app"
    )


def edited(entry: Entry, remote: Remote) -> str:
    """Kalent shows something else than what was left there, and than what the file wants."""
    if entry.mark is not None:
        said = (
            f"{entry.blueprint_id} was reserved for it, and holds another text than was sent: it was edited in Kalent, "
            "or the API changed the text"
        )
        return Explanation(said, overwriting("send it again", entry.address, "over what is there"))
    put_back = overwriting("put back", entry.address)
    if remote.shown is None:
        said = f"{STEPS_NOT_SHOWN}, so it may not be what was recorded; look at it in the web app"
        return Explanation(said, put_back)
    when = f" ({remote.updated_at})" if remote.updated_at else ""
    but = "except where the file has changed the same"
    return Explanation(f"somebody changed it in Kalent{when}", taking(entry.address, but), put_back)


def protected(address: Address) -> str:
    """The file wants something else, and keeps it from being sent."""
    return Explanation("`protect: true` keeps it as it is", overwriting("update it all the same", address))


def taking(address: Address, note: str = "") -> Remedy:
    """What somebody did in Kalent goes into the file."""
    return Remedy("take it", f"kalentops import {address.sourcing_id} --update", note)


def overwriting(label: str, address: str, note: str = "") -> Remedy:
    """What the file says takes the place of what is there. Nothing else that is pending is applied with it."""
    return Remedy(label, f"kalentops apply --overwrite {address} --target {address}", note)


def moving(label: str, old: str, new: str) -> Remedy:
    """What is recorded at one address is recorded at another."""
    return Remedy(label, f"kalentops state mv {old} {new}")


def import_of(sourcing_ids: Iterable[str]) -> str:
    """The command that takes what is in these sourcings, and not ours, into files."""
    ids = sorted(sourcing_ids)
    return f"kalentops import {' '.join(ids) if len(ids) <= _NAMED else '--all'}"


_NAMED: Final = 3
STEPS_NOT_SHOWN = "Kalent does not show its steps"


def why_not_made(found: Sequence[Remote], name: str, address: Address) -> str:
    """Why nothing is made at `address` beside what looks like it."""
    ids = ", ".join(remote.blueprint_id for remote in found)
    if len(found) > 1:
        return f"several are there that look like it: {ids}; delete what is not wanted in Kalent's web app"
    sourcing_id, key = address.sourcing_id, address.key
    command = f"kalentops import {sourcing_id} --key {key} --id {ids}"
    differs = "plan then shows what differs"
    if same_name(found[0].name) != same_name(name):
        said = f"{ids} has exactly these steps, is called {clip(found[0].name)}, and is not ours"
        return Explanation(said, Remedy("take it over", command, differs))
    said = f"{ids} has this name and other content, and is not ours"
    return Explanation(said, Remedy("take it over", command, f"{differs}; or rename one of the two"))


def beside(others: Sequence[Remote]) -> str:
    """What to say of the others where one is adopted."""
    ids = ", ".join(each.blueprint_id for each in others)
    return f"beside it, {ids} looks like it; look at both in Kalent's web app" if ids else ""


def several_stubs(stubs: Sequence[Remote]) -> str:
    """Why none of several stubs is used."""
    ids = ", ".join(remote.blueprint_id for remote in stubs)
    return (
        f"{ids} are empty and reserved for it by earlier runs, and the text of one of them may still arrive; "
        "delete all but one in Kalent's web app"
    )


def edited_stub(remote: Remote, address: Address) -> str:
    """Why a stub is not used that is not empty any more."""
    sourcing_id, key = address.sourcing_id, address.key
    command = f"kalentops import {sourcing_id} --key {key} --id {remote.blueprint_id}"
    said = f"{remote.blueprint_id} was reserved for it, and was edited in Kalent; delete it there, or take it over"
    return Explanation(said, Remedy("take it over", command, "plan then shows what differs"))
