"""What commands did, as text: `apply` while it works and at its end, `init`, `state` and `sourcings`."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final

from kalentops.apply.result import (
    ApplyResult,
    Began,
    Event,
    Filled,
    Finished,
    Listed,
    Looking,
    Outcome,
    Reserved,
    Result,
    Waiting,
    Written,
)
from kalentops.blueprint.remote import RemoteSourcing
from kalentops.cache import LIMIT, Usage
from kalentops.init.contents import NO_ACTION, Setup
from kalentops.init.write import DRIVER, Driver, Placed, What
from kalentops.output import explanations
from kalentops.output.terminal import Bar, Line, Style, columns, is_terminal, line, padded, show
from kalentops.output.text_plan import outline
from kalentops.plan.build import Action
from kalentops.state.model import Entry, Intent, State
from kalentops.support.clock import utc
from kalentops.support.text import clip, count, visible, with_times

_DONE: Final = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.ADOPT: "adopted",
    Action.RESUME: "resumed",
    Action.CONFLICT: "in conflict",
    Action.MOVE: "moved",
    Action.FORGET: "forgotten",
}
_STYLES: Final[dict[Outcome, Style]] = {
    Outcome.DONE: "good",
    Outcome.REFUSED: "bad",
    Outcome.CONFLICT: "bad",
    Outcome.UNKNOWN: "warn",
    Outcome.NOT_ATTEMPTED: "dim",
}
_WORDS: Final = {
    Outcome.DONE: "done",
    Outcome.REFUSED: "refused",
    Outcome.CONFLICT: "in conflict",
    Outcome.UNKNOWN: "with unknown outcome",
    Outcome.NOT_ATTEMPTED: "not sent",
}

NOTHING_TOLD: Final[Mapping[str, Result]] = MappingProxyType({})
_BEAT: Final = 5.0
_SOME: Final = 10  # of those that were not sent for one and the same reason; the next plan lists them all


def outcome_word(of: Result) -> str:
    """The outcome, such as `created`."""
    return _DONE[of.action] if of.outcome is Outcome.DONE else _WORDS[of.outcome].removeprefix("with ")


def result(of: Result, environment: str | None = None) -> Iterator[Line]:
    """One address: its outcome, id and reason."""
    said = outcome_word(of)
    ident = f" {visible(of.blueprint_id)}" if of.blueprint_id else ""
    yield line((f"  {said:<15}", _STYLES[of.outcome]), f" {visible(of.address)}", (ident, "dim"))
    for why in (of.error, of.note):
        if why:
            style = "dim" if why is of.note else _STYLES[of.outcome]
            yield from explanations.lines(why, "      ", style, environment)


def results(
    of: ApplyResult, told: Mapping[str, Result] = NOTHING_TOLD, environment: str | None = None
) -> Iterator[Line]:
    """All results that were not shown yet, those that need attention last, then the counts."""
    left = (each for each in of.results if told.get(each.address) != each)
    order = sorted(left, key=lambda each: (each.outcome is not Outcome.DONE, _why_not(each), each.address))
    for why, group in groupby(order, key=_why_not):
        together = list(group)
        if not why or len(together) == 1:
            for each in together:
                yield from result(each, environment)
        else:
            shown = together if len(together) <= _SOME else together[: _SOME - 1]
            for each in shown:
                yield from result(replace(each, error=None))
            if len(shown) < len(together):
                yield line((f"  … and {len(together) - len(shown):,} more", "dim"))
            said = visible(with_times(explanations.sentence(together[0].error, environment)))
            yield line((f"      these {len(together):,}: {said}", _STYLES[Outcome.NOT_ATTEMPTED]))
            why_not = explanations.remedies(together[0].error, environment)
            yield from explanations.remedy_lines(why_not, "      ")
    yield apply_summary(of)
    yield from apply_next_steps(of, environment)


def apply_next_steps(of: ApplyResult, environment: str | None) -> Iterator[Line]:
    """What to do next if something is left."""
    again = f"Run `{explanations.in_environment('kalentops apply', environment)}` again"
    if of.summary["unknown"]:
        said = f"{again}: it first looks up these outcomes."
        yield line((said, "warn"))
    elif of.summary["not_attempted"]:
        yield line((f"{again} for what was not sent.", "warn"))


def _why_not(of: Result) -> str:
    """Why it was not sent, where that is all there is to say: one reason often holds for hundreds."""
    alone = of.outcome is Outcome.NOT_ATTEMPTED and not of.note
    return with_times(explanations.text(of.error)) if alone else ""


def apply_summary(of: ApplyResult) -> Line:
    """The last line: `Apply: 2 done, 1 in conflict.`"""
    parts = [
        f"{of.summary[outcome.value]:,} {words}"
        for outcome, words in _WORDS.items()
        if of.summary[outcome.value]
    ]
    return line(("Apply: ", "bold"), (", ".join(parts) or "nothing to do") + ".")


class Progress:
    """What `apply` tells while it works, on stderr: a bar on a terminal, lines elsewhere, nothing with `quiet`; with
    `verbose`, both steps of each create, too. Results are shown at once on `results`, or else on stderr, so that the
    log of a killed run has the ids. `told` are those, by address.
    """

    def __init__(
        self,
        stream: IO[str],
        *,
        quiet: bool = False,
        verbose: bool = False,
        results: IO[str] | None = None,
        environment: str | None = None,
    ) -> None:
        self.told: dict[str, Result] = {}
        self._results = results
        self._environment = environment
        self._stream = stream
        self._quiet = quiet
        self._verbose = verbose
        self._lock = threading.Lock()
        self._done = self._total = 0
        self._listed = self._sourcings = 0
        self._bar: Bar | None = None
        self._told = time.monotonic()

    def __call__(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, Written | Finished) and event.result.outcome is Outcome.DONE:
                self._tell(event.result)
            if self._quiet:
                return
            try:
                self._take(event)
            except (OSError, ValueError):  # stderr has no reader any more: no reason to stop
                self._quiet = True

    def _tell(self, of: Result) -> None:
        if of.address in self.told:
            return
        self.told[of.address] = of
        out = self._stream if self._results is None else self._results
        with suppress(OSError, ValueError):
            if self._bar is not None and is_terminal(out):
                self._say(result(of, self._environment))
            elif out is not self._stream or not self._quiet:
                show(result(of, self._environment), out)
                out.flush()

    def _take(self, event: Event) -> None:
        match event:
            case Began(sourcings, changes):
                self._sourcings, self._total = sourcings, changes
                if sourcings:
                    self._begin(f"reading {count(sourcings, 'sourcing')}", changes or sourcings)
            case Listed(sourcing_id):
                self._listed += 1
                self._now(
                    f"read {self._listed:,} of {count(self._sourcings, 'sourcing')}, last {sourcing_id}"
                )
            case Looking(address, seconds, reason):
                why = visible(explanations.sentence(reason))
                said = f"{visible(address)}: {why}; looking for its outcome for up to {seconds:.0f} s"
                self._say([line((said, "warn"))])
            case Reserved(address, blueprint_id) if self._verbose:
                self._say([line(f"{visible(address)}: reserved {visible(blueprint_id)}, still empty")])
            case Filled(address, blueprint_id) if self._verbose:
                self._say([line(f"{visible(address)}: sent its text to {visible(blueprint_id)}")])
            case Waiting(seconds):
                self._say([line((f"rate limited; waiting {seconds:.0f} s", "warn"))])
            case Finished(finished) if finished.outcome is not Outcome.NOT_ATTEMPTED:
                self._done += 1
                self._now(
                    f"{self._done:,} of {self._total:,} done, last {outcome_word(finished)} {finished.address}"
                )

    def _begin(self, what: str, total: int) -> None:
        if is_terminal(self._stream):
            self._bar = Bar(self._stream, what, total)
        else:
            show([line(what)], self._stream)

    def _now(self, what: str) -> None:
        """What was done last, and how much of how much: at once in the bar, now and then as a line."""
        if self._bar is not None:
            self._bar.update(what, self._done if self._total else self._listed)
        elif time.monotonic() - self._told >= _BEAT:
            self._told = time.monotonic()
            self._say([line(visible(what))])

    def _say(self, lines: Iterable[Line]) -> None:
        if self._bar is None:
            show(lines, self._stream)
            self._stream.flush()
        else:
            self._bar.show(lines)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def state_list(state: State) -> Iterator[Line]:
    """One line an address: address, id, name, and what an interrupted run left open."""
    width = max((len(visible(address)) for address in state.entries.keys() | state.intents.keys()), default=0)
    for address in sorted(state.entries.keys() | state.intents.keys()):
        entry, intent = state.entries.get(address), state.intents.get(address)
        name = entry.name if entry else intent.sent.name if intent else ""
        said = f"  {_open(entry, intent)}" if intent or (entry and entry.mark) else ""
        ident = visible(entry.blueprint_id) if entry else "-"
        yield line((f"{visible(address):<{width}}  ", "bold"), f"{ident}  {clip(name)}", (said, "warn"))


def state_summary(state: State, where: str) -> Line:
    return line((f"{state_size(state)}, serial {state.serial}, in {visible(where)}", "dim"))


def state_size(state: State) -> str:
    open_ones = f", {count(len(state.intents), 'outcome')} open" if state.intents else ""
    return f"{count(len(state.entries), 'blueprint')}{open_ones}"


def state_entry(state: State, address: str) -> Iterator[Line]:
    """Everything that is recorded of one address, with the sequence as it was sent."""
    found, intent = state.entries.get(address), state.intents.get(address)
    yield line((visible(address), "bold"))
    if found is not None:
        yield line(f"  id       {visible(found.blueprint_id)}")
        yield line(f"  name     {visible(found.name)}")
        yield line(f"  recorded {visible(with_times(found.applied_at))}, {visible(found.digest)}")
        yield line(f"  updated  {visible(with_times(found.updated_at or 'not known'))} in Kalent")
        yield from outline(found.sent.stored, "  ", full=True)
    if intent is not None and intent.run is not None:
        since = with_times(intent.at)
        yield line(f"  run      {visible(f'{intent.run} on {intent.host}, at work on it since {since}')}")
    if intent is not None or (found is not None and found.mark is not None):
        yield line((f"  {_open(found, intent)}; {_NEXT}", "warn"))


_NEXT: Final = "the next apply looks it up first, and continues"


def _open(entry: Entry | None, intent: Intent | None) -> str:
    """What an interrupted run left open at an address."""
    if intent is None:
        return "reserved: the blueprint is empty in Kalent until its text is sent"
    since = visible(with_times(intent.at))
    if intent.only_reserves:
        return f"create without an answer, {since}: at most an empty blueprint exists"
    if entry is not None and entry.mark is not None:
        return f"create with unknown outcome, {since}: its id is reserved, its text may have arrived"
    return f"{intent.action} with unknown outcome, {since}"


def sourcing_list(found: Sequence[RemoteSourcing], files: Mapping[str, Sequence[str]]) -> Iterator[Line]:
    """One line a sourcing, in the order of the API: id, name, and the files that declare it."""
    shown = [(visible(each.sourcing_id), clip(each.name)) for each in found]
    id_width = max((len(ident) for ident, _ in shown), default=0)
    name_width = max((columns(name) for _, name in shown), default=0)
    for each, (ident, name) in zip(found, shown, strict=True):
        serving = ", ".join(visible(file) for file in files.get(each.sourcing_id, ()))
        rest = (f"{padded(name, name_width)}  ", (serving, "dim")) if serving else (name,)
        yield line((f"{ident:<{id_width}}  ", "bold"), *rest)


def no_sourcings(*, everybody: bool, closed: bool) -> str:
    """What to say if the list is empty, and which option to try."""
    who = "that the key sees" if everybody else "of the key's user"
    state = "closed" if closed else "in progress"
    other = (
        "without --closed, those in progress are listed" if closed else "--closed lists those that are closed"
    )
    more = "" if everybody else "--all lists those of all users, "
    return f"no sourcing {who} is {state}; {more}{other}"


_STYLES_setup: Final[dict[What, Style]] = {
    "created": "good",
    "added to": "good",
    "exists": "dim",
    "kept": "warn",
    "failed": "bad",
}


def cache(folder: Path | None, of: Usage, root: Path, refusal: str) -> Iterator[Line]:
    """The cache: where it is, how large, and whether the project in the folder `root` uses it, or why not."""
    yield line(f"folder   {visible(str(folder)) if folder else '-'}")
    yield line(f"entries  {of.entries:,}")
    yield line(f"size     {size(of.size)}, at most {LIMIT >> 20} MiB")
    if of.oldest is not None:
        yield line(f"oldest   last used {with_times(utc(of.oldest))}")
    yield line(("not used: ", "warn"), refusal) if refusal else line(f"used     yes, in {visible(str(root))}")


def size(of: int) -> str:
    """Bytes as `3.2 KiB`, or as `1.0 MiB` from there on."""
    return f"{of / 1024:.1f} KiB" if of < 1 << 20 else f"{of / (1 << 20):,.1f} MiB"


def setup(
    placed: Sequence[Placed], driver: Driver | None, *, dry_run: bool, brief: bool = False
) -> Iterator[Line]:
    """One line a file, and what to do by hand if one was kept; with `brief`, only the kept ones."""
    for each in placed:
        if brief and each.what != "kept":
            continue
        what = each.what
        said = f"would be {what}" if dry_run and what in {"created", "added to"} else what
        why = f"  {visible(each.why)}" if each.why else ""
        yield line(
            (f"  {said:<{18 if dry_run else 14}}", _STYLES_setup[what]),
            visible(each.wanted.name),
            (why, "dim"),
        )
        if what == "kept":
            yield from _by_hand(each)
    if driver == "set" and not brief:
        word = "would be set" if dry_run else "set"
        yield line(
            (f"  {word:<{18 if dry_run else 14}}", "good"), "git's merge driver for states, in this clone"
        )


def _by_hand(kept: Placed) -> Iterator[Line]:
    if kept.wanted.advice:
        first, *rest = kept.wanted.advice.splitlines()
        yield line((f"      {first}", "dim"))
        for each in rest:
            yield line((f"        {each}", "dim"))
    else:
        yield line((f"      `kalentops init --show {kept.wanted.name}` prints what init would write", "dim"))


def setup_next_steps(
    of: Sequence[Setup],
    driver: Driver | None,
    *,
    github: bool,
    example: bool,
    hooks: bool,
    folder: str = "",
    outdated: Sequence[str] = (),
) -> Iterator[Line]:
    """What a person has to do. `folder` is the project's, seen from the working directory, empty if it is the same;
    `driver` is None if no state is a file; `outdated` are workflows from before there were environments.
    """
    command = f"kalentops -C {shlex.quote(folder)}" if folder else "kalentops"
    yield line(("Next:", "bold"))
    for name in outdated:
        yield line(("  - delete ", "warn"), visible(name), ": it names no environment, so its runs fail")
    for each in of:
        if each.ref:
            init = visible(f"`{command} state init{_option(each)}`")
            yield line(
                "  - ", init, f", once, unless you have moved a state there: it starts one in {each.ref}"
            )
    if example:
        file = f"{folder}/{of[0].under}example.yaml" if folder else f"{of[0].under}example.yaml"
        name = _option(of[0])
        yield line(
            f"  - put the id of a sourcing into {visible(file)}: `kalentops sourcings{name}` lists them;"
        )
        yield line(
            "    or delete it, and import what exists in Kalent: ", visible(f"`{command} import --all{name}`")
        )
    yield line("  - ", visible(f"`{command} validate`"), ", then commit what init has written")
    if driver is not None:
        yield from _merge_driver(driver)
    if hooks:
        yield line("  - `pre-commit install`, once in each clone")
    if github:
        yield from _github(of)


def _option(of: Setup) -> str:
    return f" -e {of.environment}" if of.environment else ""


def _merge_driver(driver: Driver) -> Iterator[Line]:
    if driver == "no git":
        yield line("  - `git init`, then once in each clone:")
    else:
        yield line("  - once in each other clone, so that git merges states by address:")
    yield line(f"      git config merge.kalentops-state.driver '{DRIVER}'")
    if driver == "other":
        yield line("      (this clone has another command there, which was kept)")


def _github(of: Sequence[Setup]) -> Iterator[Line]:
    first = of[0]
    if not first.origin and not first.action:
        yield line(
            (f"  - in the workflows, replace {NO_ACTION[:26]}… by the repository and the commit", "warn")
        )
        yield line(("    of kalentops that you use; or remove them and run init with --action", "warn"))
    if first.environment:
        yield line("  - on GitHub, under Settings, Environments, create these, each with its secret:")
    for each in of:
        yield from _github_environments(each)
    if first.below:
        yield line(
            "    They belong to ",
            first.below,
            "/ alone: each folder has its own, so that no key gets to another",
        )
    if first.environment:
        yield line("    Put no such secret into the repository: every workflow could read it there")
    for branch in dict.fromkeys(each.branch for each in of if not each.ref):
        yield line(
            "  - let the workflow `kalentops apply` push the state: if a rule protects ",
            branch,
            ", it needs an",
        )
        yield line("    exception for it; a run checks this before it creates anything")
    yield line("  - in .github/CODEOWNERS, name the people who review the messages:")
    for under in dict.fromkeys(each.under for each in of):
        yield line(f"      /{first.prefix}{under} @YOUR-ORGANISATION/recruiting")
    states = any(not each.ref for each in of)
    what = "the state, the settings" if states else "the settings"
    yield line(f"    and the maintainers, who review {what} and the workflows:")
    owned = [f"{each.state}{ending}" for each in of if not each.ref for ending in ("", ".journal")]
    for name in (*owned, "kalentops.yaml"):
        yield line(f"      /{first.prefix}{name} @YOUR-ORGANISATION/maintainers")
    yield line("      /.github/ @YOUR-ORGANISATION/maintainers")


def _github_environments(of: Setup) -> Iterator[Line]:
    if of.environment:
        secret, nightly = f"{of.secret}; ", f"{of.secret}; branch rule: {of.scheduled} only"
    else:
        secret, nightly = "", "the same branch"
        yield line(
            "  - on GitHub, under Settings, Environments, create two environments, each with the secret ",
            of.secret,
            ":",
        )
    reviewers = "required reviewers: `confirm` asks for them" if of.confirm else "reviewers, if you like"
    yield line("      ", of.github_environment, f"  ({secret}branch rule: {of.branch} only; {reviewers})")
    yield line("      ", of.github_reading, f"  ({nightly}, no reviewers)")
