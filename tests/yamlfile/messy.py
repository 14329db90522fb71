"""Files as no one would want to read them: odd indentation, blanks, breaks, comments at every kind of place."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hypothesis import strategies as st

from kalentops.yamlfile import build
from kalentops.yamlfile.parse import parse
from tests.yamlfile.texts import wild_files

ROOT = Path(__file__).parents[2]
EXAMPLES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "blueprints").rglob("*.yaml"))]
# Everything that YAML has and a blueprint file may hold.
EVERYTHING = """\
# top
sourcingId: &s s_1
blueprints:
  a: &a
    name: A
    steps:
      - id: x
        name: 'N ''q'' '
        delay: {value: 3, unit: day}
        policy: {skip: true, x: [1, {y: 2}, "z w",], "k": v, *s : w, e: }
        content: |-
          Hi {{firstname}} 👋,
            more\t

          x # no comment
      - {id: y, content: "a\\
          b\\n", n: plain text}
      - content: >+
          folded
          more

             deep

  # between
  b:
    <<: *a
    name: B text
      goes on

      here
    config:
      list:
      - 1
      - - 2
        - 3
      -
        k: v
      - !!seq
        - 4
      empty:
      ? long
      : v
      ? other
      : - 1
      t: !!str 1
      r: *s
    d: |2-

        lead
      x
    c: |2+
        lead
      x

"""
TEMPLATE = """\
# a shared sequence
template:   linkedin-first
parameters:
    pitch: {about: "One, two", default: {en: a,
       fr: 'b'}}
    closing:
      about:  |
        Last line
languages:
- en
- fr
name: {en: LinkedIn first,   fr: LinkedIn d'abord}
steps:
- id: invite
  content:
    en: "Hi {{firstname}}, {{param.pitch}}"  # English

    fr: >-
     Bonjour {{firstname}},
      {{param.pitch}}
  subject: {en: A role, fr: Un poste}
"""
USE = """\
sourcingId: sourcing_123
title:   Senior backend engineer, Paris  # for people
sample: {sourcingJobTitle: "Senior, backend",  sourcingLocation: Paris }
blueprints:
  linkedin-first:
    use: linkedin-first
    with: {pitch: "je recrute : une équipe de six.",
           closing: '{{snippet.bye}}'}
    change:
       follow-up: { delay: {value: 4, unit: day}, subject: ~ }
       invite:
         content: |-
               Hi

               {{firstname}}
    # goes
    remove: [ whatsapp ]
    add:
    - {after: follow-up, id: second-mail, content: "a\\
         b"}
    - before: invite
      id: first
snippets:
    bye:
      en: |+
        Bye

      fr: "À bientôt"
"""
JSON = (
    json.dumps(
        {
            "sourcingId": "s",
            "blueprints": {
                "a": {
                    "name": "A # : b",
                    "steps": [{"id": "x", "delay": {"value": 1, "unit": "day"}, "content": "a\nb: {c}, [d]"}],
                    "config": {"x": [1, 2.5, None, True, {}], "y": [], "long": ["word " * 8] * 4},
                }
            },
        },
        indent=2,
    )
    + "\n"
)
LISTS = "---\n- a\n- b: 1\n  c:\n  - d\n  - e: f\n-\n  - g\n...\n"
_BREAKABLE = re.compile(r"[ ,:{}\[\]-]")


def _bases() -> st.SearchStrategy[str]:
    written = wild_files().map(lambda by_key: build.file_text("sourcing_1", by_key))
    fixed = [EVERYTHING, EVERYTHING, TEMPLATE, USE, JSON, LISTS, *EXAMPLES]
    return st.one_of(st.sampled_from(fixed), st.sampled_from(fixed), written)


@st.composite
def messy(draw: st.DrawFn) -> str:
    """A text that `parse` finds no fault with, most of the time. Comments are `# c` and a number, all different."""
    lines = draw(_bases()).split("\n")
    wide = draw(st.integers(1, 4))
    lines = [re.sub(r"^ *", lambda m: " " * (len(m[0]) // 2 * wide), each) for each in lines]
    for number in range(draw(st.integers(1, 7))):
        at = draw(st.integers(0, len(lines) - 1))
        changed = "\n".join(
            [*lines[:at], *_changed(draw, lines[at], f"# c{number}"), *lines[at + 1 :]]
        ).split("\n")
        if not parse("\n".join(changed)).faults:
            lines = changed
    text = "\n".join(lines)
    if draw(st.integers(0, 5)) == 0:
        text = text.rstrip("\n")
    text = text.replace("\n", draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])))
    return draw(st.sampled_from(["", "", "", "\ufeff"])) + text


def _changed(draw: st.DrawFn, line: str, comment: str) -> list[str]:
    """What may stand in the place of a line."""
    indentation, blanks = " " * draw(st.integers(0, 12)), draw(st.sampled_from([" ", "  ", "\t", "      "]))
    kind = draw(st.sampled_from(["above", "behind", "blanks", "empty", "break", "break", "break"]))
    if kind == "above":
        return [indentation + comment + draw(st.sampled_from(["", blanks])), line]
    if kind == "behind":
        return [line + blanks + comment]
    if kind == "blanks":
        return [line + blanks]
    if kind == "empty":
        return [*draw(st.lists(st.sampled_from(["", blanks, indentation]), min_size=1, max_size=3)), line]
    # A line feed, or more blanks, and perhaps a comment, where there may be one between two tokens.
    places = [match.start() for match in _BREAKABLE.finditer(line)] or [0]
    place = draw(st.sampled_from(places)) + draw(st.integers(0, 1))
    ended = draw(st.sampled_from([f" {comment}\n", "\n", ""]))
    return [line[:place] + ended + (indentation if ended else blanks) + line[place:]]
