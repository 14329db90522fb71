"""An explanation is a code with parameters; several of one thing are told together."""

from __future__ import annotations

import json

from kalentops.plan.explanation import Code, explain, together
from kalentops.plan.saved import explanation_to_json

ONE, TWO, THREE = (
    explain(Code.FORCED),
    explain(Code.GONE, address="s1/a", blueprint_id="b1"),
    explain(Code.IDENTICAL),
)


def test_several_are_told_in_their_order() -> None:
    both = together(ONE, None, together(TWO, THREE))
    assert both is not None
    assert (both.code, [each.code for each in both.also]) == (Code.FORCED, [Code.GONE, Code.IDENTICAL])
    assert together(None, ONE) == ONE
    assert together(None) is None


def test_its_json_form() -> None:
    assert json.loads(json.dumps(explanation_to_json(together(TWO, ONE)))) == {
        "code": "gone",
        "parameters": {"address": "s1/a", "blueprint_id": "b1"},
        "also": [{"code": "forced", "parameters": {}, "also": []}],
    }
    assert explanation_to_json(None) == {"code": None, "parameters": {}, "also": []}
