"""A plan is carried out: the network around `apply_plan`. The one place where a client that can write is made."""

from __future__ import annotations

from kalentops.api.writing import WriteApi
from kalentops.apply.base import Options, Recorder
from kalentops.apply.result import ApplyResult
from kalentops.apply.run import apply_plan
from kalentops.commands.target import Target, wired
from kalentops.planning.plan import Plan
from kalentops.state.entries import State

# The journal is durable up to there, and the next run goes on from it.
_FAREWELL = "stopped at once; the next apply looks up what became of what was under way"


def carry_out(
    plan: Plan, known: State, session: Recorder, target: Target, options: Options, *, quiet: bool
) -> ApplyResult:
    """Do what the plan says; `known` is as with `apply_plan`. SIGINT and SIGTERM end it after what is under way; a
    second one at once.
    """
    with wired(target, quiet=quiet, farewell=_FAREWELL) as wire:
        api = WriteApi(wire.transport, wire.throttle, target.network.url)
        return apply_plan(plan, api, session, wire.clock, options, wire.progress, known=known)
