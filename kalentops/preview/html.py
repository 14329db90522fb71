"""The page as HTML. The only user of jinja2.

What the texts hold is anybody's: everything is escaped by the templates' engine, nothing is ever marked as safe but
this package's own style and script, and a policy in the page lets nothing run or load but these two, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from kalentops import __version__
from kalentops.preview.view import Page, Person

GENERATOR: Final = "kalentops"
"""What the page says it was made by; a file that does not say so is not overwritten."""


def render(page: Page, *, live: str = "") -> bytes:
    """The page, whole, as UTF-8. With `live`, the name of this version of it, it asks the server that it came from
    for the name of the newest one, and loads itself again where that is another.
    """
    return _render("page.html.j2", page=page, live=live, people=_people(page))


def render_trouble(message: str, hint: str, *, live: str) -> bytes:
    """What `preview --serve` shows where there is no page to show; it goes away by itself."""
    return _render("trouble.html.j2", message=message, hint=hint, live=live)


def _render(template: str, *, live: str, **data: Any) -> bytes:
    style, script = _own("style.css"), _own("script.js")
    policy = [
        "default-src 'none'",
        f"style-src '{_hash(style)}'",
        f"script-src '{_hash(script)}'",
        *(["connect-src 'self'"] if live else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    data |= {"live": live, "style": _safe(style), "script": _safe(script), "policy": "; ".join(policy)}
    text: str = _environment().get_template(template).render(data, generator=f"{GENERATOR} {__version__}")
    # Half of a surrogate pair is no character, and shown as a code already; should one come this far all the same:
    return text.encode(errors="backslashreplace")


def _people(page: Page) -> str:
    def person(of: Person) -> dict[str, Any]:
        return {"label": of.label, "values": of.values}

    return json.dumps([person(each) for each in page.people], ensure_ascii=False)


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("kalentops.preview"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment


@lru_cache
def _own(name: str) -> str:
    """A file of this package, with line feeds alone: a browser hashes it so."""
    return (files("kalentops.preview") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _safe(own: str) -> Any:
    from markupsafe import Markup

    return Markup(own)  # noqa: S704 - a file of this package
