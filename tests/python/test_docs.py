"""Pages: each is in the index, and links lead somewhere, to the heading that they name."""

from __future__ import annotations

import re

import pytest

from conftest import ROOT

PAGES = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")])


def headings(page):
    """The anchors that GitHub makes of a page's headings."""
    lines = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL), re.M)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_within_the_project_lead_somewhere(page):
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in headings(target)):
            dead.append(link)
    assert dead == []


def test_every_page_is_in_the_index():
    index = set(re.findall(r"\]\((\w+\.md)\)", (ROOT / "docs" / "README.md").read_text()))
    assert index == {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
