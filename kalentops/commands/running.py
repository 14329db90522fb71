"""A plan is carried out: the network around `apply_plan`."""

from __future__ import annotations

from kalentops.apply.base import Options, Recorder
from kalentops.apply.result import ApplyResult
from kalentops.apply.run import apply_plan
from kalentops.commands.target import Target, connected
from kalentops.plan import Plan

# The journal is durable up to there, and the next run goes on from it.
_FAREWELL = "stopped at once; the next apply looks up what became of what was under way"


def carry_out(plan: Plan, session: Recorder, target: Target, options: Options, *, quiet: bool) -> ApplyResult:
    """Do what the plan says. SIGINT and SIGTERM end it after what is under way; a second one at once."""
    with connected(target, quiet=quiet, farewell=_FAREWELL) as line:
        return apply_plan(plan, line.writer(), session, line.clock, options, line.progress)
