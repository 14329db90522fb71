"""Texts that are hard to write as YAML, and data made of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.strategies import keys

# fmt: off
_PARTS = (
    "a", "word ", "  ", " ", "\t", "\n", "\n\n", "\r", "\r\n", "#", " #", ": ", ":", "- ", "-", "? ", ",", "'", '"',
    "\\", "\\n", "{{firstname}}", "{", "}", "[", "]", "&a", "*a", "!", "!!str ", "|", ">", "%", "@", "`", "~", "=",
    "\x85", "\u2028", "\u2029", "\x00", "\x07", "\x1b", "\x7f", "\xa0", "\u00ad", "\u202e", "\u200d", "\ufeff",
    "\ufffe", "\uffff", "👋", "👩‍💻", "é", "日本", "---", "...", "---\n", "...\n", "<<", "<<<<<<< a\n", ">>>>>>>\n",
    "no", "Yes", "ON", "y", "null", "true", "010", "0x1F", "0b1", "1e3", "12:30:45", "1_000", ".inf", "2026-11-22",
)
WORDS = (
    "", "no", "No", "yes", "on", "off", "y", "N", "~", "null", "Null", "true", "FALSE", "=", "<<", "-", "--", "---",
    "...", ".", "..", "0", "-0", "+1", "010", "0o10", "0x1F", "0b101", "1_000", "1e3", "1.5", ".5", "5.", "1e", "+",
    ".inf", "-.INF", "+.inf", ".nan", "9:30", "12:30:45", "190:20:30.15", "2026-11-22", "2001-12-14 21:59:43.10 -5",
    "2001-12-14t21:59:43Z", "900 models", "9" * 70, "1e999", "a: b", "a:", "a #b", "a#b", "a:b", ": a", "- a", "-a",
    "? a", "?a", "{a", "a{", "[a", "a, b", "&a", "*a", "!a", "%a", "@a", "`a`", "'a'", '"a"', '"', "'", "\\", "a\\",
    " a", "a ", "\ta", "a\t", "a\tb", "\n", "\n\n", " \n", "a\n", "a\n\n", "a\n\n\n", "\na", "\n\n a", "  a\nb", "a\n ",
    "a \nb", "a\n  \nb", "a\n\t\nb", "\ta\nb", "\n\ta", "a\rb", "a\r\nb", "a\x85b", "a\u2028b", "\ufeffa", "\x00",
    "a\n---\nb", "a\n...\nb", "---\na", "a\n# b", "# a\nb", "a\n\n# b\n", "| a", "|-\na", "<<<<<<< a\nb", "\xa0a",
    "a\xa0", "a\n<<<<<<< HEAD\n>>>>>>> b\n", "👋", "👩‍💻 hi", "hi\u202e", "soft\u00adhyphen", "k" * 1100, "long " * 300,
)
# fmt: on
_FIELDS = ("id", "name", "type", "subject", "content", "delay", "policy", "config", "temporalityType", "new")


def texts() -> st.SearchStrategy[str]:
    """Every text that YAML can carry, and most of all those with which it has its difficulties."""
    return st.one_of(
        st.lists(st.sampled_from(_PARTS), max_size=6).map("".join),
        st.sampled_from(WORDS),
        st.text(st.characters(codec="utf-8"), max_size=8),
    )


def json_values() -> st.SearchStrategy[Any]:
    """Whatever JSON can hold, and the loader reads: numbers of up to 64 digits."""
    numbers = st.integers(-(10**62), 10**62) | st.floats(allow_nan=False, allow_infinity=False)
    return st.recursive(
        st.none() | st.booleans() | numbers | texts(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3),
        max_leaves=5,
    )


def wild_steps() -> st.SearchStrategy[dict[str, Any]]:
    """A step whose fields are there or not, and hold anything."""
    return st.dictionaries(st.sampled_from(_FIELDS), texts() | json_values(), max_size=4)


def wild_bodies() -> st.SearchStrategy[dict[str, Any]]:
    """A blueprint of which nothing is certain."""
    steps = st.lists(wild_steps(), max_size=2) | json_values()
    return st.fixed_dictionaries(
        {"name": texts(), "steps": steps}, optional={"config": json_values(), "x": texts()}
    )


def wild_files() -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(keys() | texts(), wild_bodies(), max_size=2)


def wild_texts() -> st.SearchStrategy[Any]:
    """A text, one for each language, or anything."""
    return (
        texts()
        | st.dictionaries(st.sampled_from(["en", "fr", "pt-BR", "no"]), texts(), max_size=3)
        | json_values()
    )


def wild_documents() -> st.SearchStrategy[dict[str, Any]]:
    """Files of each kind of which nothing is certain but their kind."""
    names = keys() | texts()
    step = st.fixed_dictionaries(
        {},
        optional={
            "id": texts(),
            "name": wild_texts(),
            "subject": wild_texts(),
            "content": wild_texts(),
            "delay": json_values(),
            "after": texts(),
            "x": json_values(),
        },
    )
    parameter = (
        st.fixed_dictionaries({}, optional={"about": texts(), "default": wild_texts()}) | json_values()
    )
    template = st.fixed_dictionaries(
        {"template": names},
        optional={
            "parameters": st.dictionaries(names, parameter, max_size=2) | json_values(),
            "languages": st.lists(texts(), max_size=2) | json_values(),
            "name": wild_texts(),
            "steps": st.lists(step, max_size=2) | json_values(),
            "config": json_values(),
        },
    )
    snippets = st.fixed_dictionaries(
        {"snippets": st.dictionaries(names, wild_texts(), max_size=3) | json_values()}
    )
    use = st.fixed_dictionaries(
        {"use": names},
        optional={
            "with": st.dictionaries(names, texts(), max_size=2) | json_values(),
            "change": st.dictionaries(texts(), step, max_size=2) | json_values(),
            "remove": st.lists(texts(), max_size=2) | json_values(),
            "add": st.lists(step, max_size=2) | json_values(),
            "name": texts(),
            "protect": st.booleans(),
        },
    )
    position = st.fixed_dictionaries(
        {"sourcingId": texts()},
        optional={
            "title": texts(),
            "language": texts(),
            "sample": st.dictionaries(names, texts(), max_size=2) | json_values(),
            "moved": st.lists(st.fixed_dictionaries({"to": texts(), "from": texts()}), max_size=2),
            "removed": st.lists(texts(), max_size=2),
            "blueprints": st.dictionaries(names, use | wild_bodies(), max_size=2) | json_values(),
        },
    )
    return template | snippets | position
