"""A plan is carried out: the network around `apply_plan`. The one place where a client that can write is made."""

from __future__ import annotations

from kalentops.api.writing import WriteApi
from kalentops.apply.base import Options, Recorder
from kalentops.apply.result import ApplyResult
from kalentops.apply.run import apply_plan
from kalentops.commands.stages import Planned
from kalentops.commands.target import Target, wired

# The journal is durable up to there, and the next run goes on from it.
_FAREWELL = "stopped at once; the next apply looks up what became of what was under way"


def carry_out(
    planned: Planned, session: Recorder, target: Target, options: Options, *, quiet: bool, verbose: bool
) -> ApplyResult:
    """Do what was asked for of a plan. SIGINT and SIGTERM end it after what is under way; a second one at once. With
    `verbose`, both steps of a create are told.
    """
    with wired(target, quiet=quiet, verbose=verbose, farewell=_FAREWELL) as wire:
        api = WriteApi(wire.transport, wire.throttle, target.network.url)
        return apply_plan(planned.plan, api, session, wire.clock, options, wire.progress, known=planned.known)
