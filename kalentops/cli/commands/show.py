"""`kalentops show`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kalentops.cli.commands import options
from kalentops.cli.commands.reporting import FINDINGS_ON_STDERR, print_plan, shown_findings
from kalentops.output import checked_from_json
from kalentops.output.terminal import show
from kalentops.output.text_files import findings
from kalentops.plan.saved import load, plan_from_json


@click.command(
    epilog="\b\nExample:\n  kalentops plan --out plan.json\n  kalentops show plan.json --format markdown"
)
@click.argument("plan_file", metavar="FILE", type=click.Path(path_type=Path))
@options.folder
@options.report
@options.verbose
@options.quiet
def command(plan_file: Path, directory: Path, form: str, *, verbose: bool, quiet: bool) -> None:
    """Show a plan that plan --out saved, in any format of plan.

    Prints what plan printed when it saved FILE. Reads no blueprints, no state and not Kalent, so it does not check that
    the plan still holds: apply FILE does.
    """
    saved = load(directory / plan_file)
    plan = plan_from_json(saved.raw)
    checked = checked_from_json(saved.report, plan.findings)
    if form in FINDINGS_ON_STDERR:
        show(findings(shown_findings(plan.findings, quiet=quiet)), sys.stderr)
    print_plan(plan, checked, form, verbose=verbose, quiet=quiet)
