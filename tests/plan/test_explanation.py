"""A reason is a string for programs, and has parts for people."""

from __future__ import annotations

import copy
import json
import pickle

from kalentops.plan.explanation import Explanation, Remedy, parted, together

WAY = Remedy("take it", "kalentops import s1 --update", "only what was touched")
OTHER = Remedy("put back", "kalentops apply --overwrite s1/one")
REASON = Explanation("somebody changed it", WAY, OTHER)
WHOLE = (
    "somebody changed it; take it: `kalentops import s1 --update` (only what was touched); put back: "
    "`kalentops apply --overwrite s1/one`"
)


def test_to_a_program_it_is_one_string() -> None:
    assert REASON == WHOLE
    assert json.loads(json.dumps({"reason": REASON})) == {"reason": WHOLE}
    assert parted(f"{REASON}") == (WHOLE, ())


def test_its_parts_stay_with_a_copy() -> None:
    for again in (copy.deepcopy(REASON), pickle.loads(pickle.dumps(REASON))):
        assert (again, parted(again)) == (WHOLE, ("somebody changed it", (WAY, OTHER)))


def test_several_reasons_say_first_what_is_then_what_can_be_done() -> None:
    both = together("one", Explanation("two", WAY), "", Explanation("three", OTHER))
    assert parted(both) == ("one; two; three", (WAY, OTHER))
    assert together("one", "", "two") == "one; two"
    assert parted(together("", "")) == ("", ())
