"""What only the API can tell of the files: whether the sourcings that they serve exist, and are in progress."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kalentops.blueprint.remote import RemoteSourcing
from kalentops.lint.engine import DEFAULTS, Serving, Severities
from kalentops.lint.finding import Finding, Severity
from kalentops.lint.table import BY_CODE
from kalentops.support.text import clip, is_placeholder, is_safe_id, meant_by

# Looking for the nearest of thousands takes a while; where so many are wrong, it is no slip of the pen.
_MOST_SLIPS: Final = 20
_LISTED: Final = "`kalentops sourcings --all` lists those that the key sees"


def check_sourcings(
    files: Iterable[Serving],
    in_progress: Sequence[RemoteSourcing],
    closed: Sequence[RemoteSourcing],
    severities: Severities = DEFAULTS,
) -> Iterator[Finding]:
    """A finding for each file whose sourcing is in neither list, or in that of the closed ones alone.

    What is no id at all, or none yet, has a finding of its own already (KAL019, KAL025).
    """
    names = {each.sourcing_id: each.name for each in (*closed, *in_progress)}
    open_ids = {each.sourcing_id for each in in_progress}
    if_closed = severities.get("KAL311", BY_CODE["KAL311"].severity)
    unknown: set[str] = set()
    for each in files:
        file, at, sourcing_id = each.file, each.at, each.sourcing_id
        if is_placeholder(sourcing_id):
            continue
        if sourcing_id not in names and is_safe_id(sourcing_id):
            unknown.add(sourcing_id)
            meant = meant_by(sourcing_id, names) if len(unknown) <= _MOST_SLIPS else None
            hint = f"did you mean {meant}?" if meant else _LISTED
            message = f"there is no sourcing `{clip(sourcing_id)}`, or the key doesn't see it"
            yield Finding(file, *at, "KAL023", message, hint, Severity.ERROR)
        elif sourcing_id in names and sourcing_id not in open_ids and if_closed is not None:
            message = f'the sourcing "{clip(names[sourcing_id])}" is closed'
            hint = (
                "if it is to stay so, take its blueprints out of the files; `kalentops state rm` forgets them"
            )
            yield Finding(file, *at, "KAL311", message, hint, if_closed)
