"""A menu with something of every type on the page, and how a person changes it there."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

from tests.filters.page_side import PageSide
from tests.filters.page_side import make as make_side
from tests.filters.test_menu_of_servers import BOTH, CERT, LOGS, PORT, TLS, WEB, WORD

FLAG = {"name": "flag", "kind": "variable", "type": "boolean", "default": True, "on_by_default": True}
KIND = {"name": "kind", "kind": "variable", "type": "choice", "enum": ["a", "b"], "on_by_default": True}
SHARE = {"name": "share", "kind": "variable", "type": "number", "default": 0.5, "on_by_default": True}
NAMES = {"name": "names", "kind": "variable", "type": "list", "default": ["x", "y"], "on_by_default": True}
NOTE = {"name": "note", "kind": "variable", "type": "text", "default": "one\ntwo", "on_by_default": True}


def make(tmp_path: Path) -> PageSide:
    made = make_side(tmp_path)
    made.menu.publish(WEB, LOGS, PORT, WORD, TLS, CERT, BOTH, FLAG, KIND, SHARE, NAMES, NOTE)
    made.menu.offer("web", "tls", "both")
    return made


def whose(reply: Any, name: str) -> str:
    """What an entry is, and whose word that is."""
    found = re.search(rf'<span id="w\.{name}">(.*?)</span>', reply.text)
    assert found, f"{name} is not shown"
    return unescape(found.group(1))


def placeholder(reply: Any, name: str) -> str:
    found = re.search(rf'<(?:input|textarea)[^>]*id="f\.{name}"[^>]*placeholder="([^"]*)"', reply.text)
    assert found, f"{name} is not shown"
    return unescape(found.group(1))


def chosen(side: PageSide, server: str) -> Any:
    return side.menu.settings(server)["chosen"]


def save(browser: Any, server: str, query: str = "", **typed: str | None) -> Any:
    """What is there, with some of it typed anew; None: a tick that is taken away."""
    form = browser.form(browser.get(f"/servers/{server}{query}"), f"/servers/{server}")
    for name, text in typed.items():
        field = name.replace("_", ".", 1)
        if text is None:
            form.pop(field, None)
        else:
            form[field] = text
    return browser.post(f"/servers/{server}{query}", form)
