"""What `plan --refresh` says, held against what `apply` did after it."""

from __future__ import annotations

from typing import Final

from tests.harness import Ran

# What a plan foretells, and what may come of it. What became of a cut-off run only the run itself can say.
_RESULTS: Final = {
    "create": {("create", "done")},
    "adopt": {("adopt", "done")},
    "update": {("update", "done")},
    "conflict": {("create", "conflict"), ("update", "conflict"), ("conflict", "conflict")},
    "move": {("move", "done"), ("update", "done")},
    "forget": {("forget", "done")},
}
_AS_IT_IS: Final = "Kalent shows it so already; nothing was sent"


def stops(plan: Ran) -> bool:
    """Whether it is foretold that apply writes nothing, because it is the state of another workspace."""
    return "apply would stop: Kalent knows nothing of what the state says" in plan.err


def check_foretold(plan: Ran, applied: Ran) -> None:
    """Both in JSON, of the same files, state and server."""
    assert (applied.code == 8) is stops(plan), plan.err + applied.err
    if stops(plan):
        assert applied.out == ""
        return
    results = {each["address"]: each for each in applied.json["results"]}
    for change in plan.json["changes"]:
        result = results.pop(change["address"], None)
        # What is to be put back and is there: a plan that has looked says so before, and a run when it looks.
        as_it_is = result is not None and result["note"] == _AS_IT_IS
        if change["action"] in {"no-op", "orphan"}:
            assert result is None or as_it_is, change
        elif change["action"] in _RESULTS:
            assert result is not None, change
            came = result["action"], result["outcome"]
            completing = change["action"] == "adopt" and change["protected"]
            assert came in _RESULTS[change["action"]] | ({("adopt", "conflict")} if completing else set()), (
                change,
                result,
            )
            assert change["action"] != "move" or came[0] == "move" or as_it_is, (change, result)
            if change["blueprint_id"] is not None:
                assert result["blueprint_id"] in {change["blueprint_id"], None}, (change, result)
    assert results == {}
