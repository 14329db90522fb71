"""A plan is carried out: the network around `apply_plan`. The one place where a client that can write is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO

from kalentops.apply.context import Options, Recorder
from kalentops.apply.result import ApplyResult, Result
from kalentops.apply.run import apply_plan
from kalentops.cli.commands.connection import ApiConfig, wired
from kalentops.cli.commands.pipeline import PlanContext
from kalentops.kalent.write_client import WriteApi

# The journal is durable up to there, and the next run goes on from it.
_FAREWELL = "stopped at once; the next apply looks up what became of what was under way"


def carry_out(
    planned: PlanContext,
    session: Recorder,
    target: ApiConfig,
    options: Options,
    results: IO[str] | None,
    *,
    quiet: bool,
    verbose: bool,
) -> tuple[ApplyResult, Mapping[str, Result]]:
    """Do what was asked for of a plan. SIGINT and SIGTERM end it after what is under way; a second one at once. With
    `verbose`, both steps of a create are told. Also gives what was told already, on `results`, by address.
    """
    with wired(target, quiet=quiet, verbose=verbose, farewell=_FAREWELL, results=results) as wire:
        api = WriteApi(wire.transport, wire.throttle, target.network.url)
        done = apply_plan(planned.plan, api, session, wire.clock, options, wire.progress, known=planned.known)
        return done, wire.progress.told
