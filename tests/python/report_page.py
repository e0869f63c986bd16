"""Reading a report as a browser would: elements, tables, texts, the data of its scripts."""

from __future__ import annotations

import base64
import json
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from conftest import ROOT
from traitmap.report import write_report

VOID = {"meta", "link", "input", "br", "img", "hr"}
HOSTILE = '<script>alert("x")</script>'


class Page(HTMLParser):
    """Elements with attributes and text; the data block; what would be loaded."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[tuple[dict, str]]]] = {}
        self.data = ""
        self.texts: list[str] = []
        self._stack: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        if tag not in VOID:
            self._stack.append((tag, attributes))
        table = self._table()
        if tag == "tr" and table:
            self.tables.setdefault(table, []).append([])
        if tag in ("td", "th") and table and self.tables.get(table):
            self.tables[table][-1].append((attributes, ""))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        opened, _ = self._stack.pop()
        assert opened == tag, f"<{opened}> closed by </{tag}>"

    def handle_data(self, text):
        tag, attributes = self._stack[-1] if self._stack else ("", {})
        if tag == "script":
            if attributes.get("id") == "data":
                self.data += text
            return
        if tag != "style":
            self.texts.append(text)
        table = self._table()
        if table and any(name in ("td", "th") for name, _ in self._stack):
            cell, before = self.tables[table][-1][-1]
            self.tables[table][-1][-1] = (cell, before + text)

    def _table(self) -> str:
        return next((a.get("id") or "unnamed" for name, a in reversed(self._stack) if name == "table"), "")

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    @property
    def content(self) -> dict:
        return json.loads(self.data)


def unpack(packed: dict[str, str]) -> np.ndarray | list[str]:
    raw = zlib.decompress(base64.b64decode(packed["data"]))
    return raw.decode().split("\n") if packed["type"] == "text" else np.frombuffer(raw, f"<{packed['type']}")


def report(folder: Path, out: Path, **more: object) -> Page:
    write_report(folder, out, templates=ROOT / "assets" / "report", **more)
    page = Page(out.read_text())
    assert page._stack == [], "elements are left open"
    return page
