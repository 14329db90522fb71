"""The figures → the table of docs/explanation/reliability.md. No figure in that page is typed by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

_BEGIN: Final = "<!-- figures: written by `make torture` -->"
_END: Final = "<!-- end of figures -->"
_PROCESSES: Final = ("kills", "frozen", "errnos", "together", "machines")
AVAILABLE: Final = 0.99
"""Of the seeds whose state was kept."""


def availability(figures: Mapping[str, Any]) -> float:
    """The share of seeds, without those in which colleagues did what only a person can decide about, that the next
    undisturbed run resolves by itself.
    """
    part = figures["simulation"]
    return float((part["kept_resolved"] + part["lost_resolved"]) / (part["kept"] + part["lost"]))


def broken(figures: Mapping[str, Any]) -> list[str]:
    """Every promise that the figures do not keep."""
    found = [f"{name}: {each}" for name, part in _parts(figures) for each in part.get("failures", [])]
    found += [f"{name}: {each}" for name, part in _parts(figures) for each in part.get("problems", [])]
    if "journal" in figures and figures["journal"]["silent_flips"]:
        found.append(f"{figures['journal']['silent_flips']} flipped bits were accepted silently")
    if "mutants" in figures:
        found += [f"the mutant {name!r} lives" for name in figures["mutants"]["alive"]]
    if "simulation" in figures:
        kept = figures["simulation"]["kept_resolved"] / figures["simulation"]["kept"]
        found += [f"availability is {kept:.1%}"] if kept < AVAILABLE else []
    return found


def write_page(path: Path, figures: Mapping[str, Any]) -> None:
    """Put the table between its marks. Raises ValueError where they are missing."""
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, mark, after = rest.partition(_END)
    if not mark:
        raise ValueError(f"{path} has no place for the figures")
    path.write_text(f"{before}{_BEGIN}\n{table(figures)}\n{_END}{after}", encoding="utf-8")


def table(figures: Mapping[str, Any]) -> str:
    """The figures as a table in Markdown."""
    rows = [f"| {what} | {value} |" for what, value in _rows(figures)]
    return "\n".join(["| what | figure |", "|---|---|", *rows])


def _parts(figures: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((name, part) for name, part in figures.items() if isinstance(part, dict))


def _total(figures: Mapping[str, Any], key: str, promise: str) -> int:
    by_process = sum(int(figures[name].get(key, 0)) for name in _PROCESSES)
    return by_process + sum(int(figures[name].get(promise, 0)) for name in ("simulation", "whole", "shared"))


def _shared_rows(shared: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    hosts = ", ".join(f"{number} in {shared[f'hosts_{number}']:,}" for number in (2, 4, 8))
    yield "seeds of hosts that share a store, and runs in them", f"{shared['seeds']:,}; {shared['runs']:,}"
    yield "— hosts at the same time", hosts
    yield "— runs killed, and frozen for seconds to hours", f"{shared['kills']:,}; {shared['freezes']:,}"
    yield (
        "— writes to the store, and those of them that were refused or lost",
        f"{shared['writes']:,}; {shared['repeats']:,}",
    )
    yield "— results left to another run that was first", f"{shared['taken']:,}"
    yield "— claims of a live run that were overwritten", f"**{shared.get('I10', 0)}**"
    yield (
        "— runs that did not end, or wrote to the store too often",
        f"**{shared.get('I8', 0) + shared.get('I9', 0)}**",
    )
    yield (
        "— resolved by undisturbed runs, without a person",
        f"**{shared['alone_resolved'] / shared['alone']:.1%}**",
    )


def _machine_rows(machines: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    stores = ", ".join(f"{name} {rounds}" for name, rounds in machines["stores"].items())
    disturbed = (machines[each] for each in ("runs", "killed", "stopped", "thrown_away"))
    yield "rounds of 2 to 8 machines that share a store, with real processes and real stores", stores
    yield (
        "— runs in them; killed; stopped for seconds; thrown away with the disk",
        "; ".join(f"{each:,}" for each in disturbed),
    )
    yield "— clocks of the machines", machines["clocks"]
    yield (
        "— runs of one machine until nothing was left, and `--take-over`s of dead runs in them",
        f"{machines['last_runs']:,}; {machines['taken_over']:,}",
    )


def _rows(figures: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kills, simulation, journal = figures["kills"], figures["simulation"], figures["journal"]
    points = ", ".join(f"{call} {count}" for call, count in sorted(kills["kill_points"].items()))
    yield "kill points of one run, by system call", points
    yield "runs of real processes killed there (with strace)", f"{kills['kills']:,}"
    yield "runs of real processes stopped there for 11 s, and continued", f"{figures['frozen']['kills']:,}"
    yield "seeds of the simulated world, and runs in them", f"{simulation['seeds']:,}; {simulation['runs']:,}"
    yield "— where half of all writes take effect 1 to 600 s late", f"{simulation['late_seeds']:,}"
    yield "— runs killed, and frozen for minutes", f"{simulation['kills']:,}; {simulation['freezes']:,}"
    yield from _shared_rows(figures["shared"])
    yield (
        "runs in which a system call failed (ENOSPC, EIO, EDQUOT, EACCES, EINTR)",
        f"{figures['errnos']['runs']:,}",
    )
    together = figures["together"]
    yield (
        "rounds of 2 to 16 processes at once, and processes killed or stopped in them",
        f"{together['rounds']}; {together['killed'] + together['stopped']}",
    )
    yield from _machine_rows(figures["machines"])
    yield "states of the disk after a power cut", f"{figures['power']['states']:,}"
    yield "positions at which a journal was torn", f"{journal['torn_positions']:,}"
    yield "bits flipped in it, and accepted silently", f"{journal['bits']:,}; **{journal['silent_flips']}**"
    before = figures["before"]
    yield "addresses with a second blueprint that has text", f"**{_total(figures, 'duplicates', 'I1')}**"
    yield (
        "— on the same seeds with the protocol of before (everything sent at once, and again after the window)",
        f"{before['copies']:,} of {before['creates']:,}",
    )
    yield "ids lost", f"**{_total(figures, 'lost', 'I2')}**"
    yield (
        "texts sent without a durable claim",
        f"**{simulation.get('I3', 0) + figures['shared'].get('I3', 0)}**",
    )
    yield (
        "empty blueprints left over, each recognised by its name",
        f"{simulation['leftovers'] / simulation['creates']:.2f} a create in these worlds",
    )
    yield "PATCHes of what is not ours", f"**{_total(figures, 'wrong_patches', 'I5')}**"
    yield "other broken promises", f"**{len(broken(figures))}**"
    yield "texts over which an older one came true later", f"{simulation['overtaken']:,}"
    yield "resolved by the next undisturbed run, without a person", f"**{availability(figures):.1%}**"
    yield "— where the state was kept", f"{simulation['kept_resolved'] / simulation['kept']:.1%}"
    yield (
        "— where the state was lost or rolled back",
        f"{simulation['lost_resolved'] / simulation['lost']:.1%}",
    )
    yield "mutants that were noticed", f"{figures['mutants']['killed']} of {figures['mutants']['mutants']}"
    yield "measured on", f"{figures['machine']}"
