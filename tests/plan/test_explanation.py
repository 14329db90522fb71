"""An explanation is a code with parameters; several of one thing are told together."""

from __future__ import annotations

import json

from kalentops.plan.explanation import Code, explain, explained, together

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
    assert json.loads(json.dumps(explained(together(TWO, ONE)))) == {
        "code": "gone",
        "parameters": {"address": "s1/a", "blueprint_id": "b1"},
        "also": [{"code": "forced", "parameters": {}, "also": []}],
    }
    assert explained(None) == {"code": None, "parameters": {}, "also": []}
