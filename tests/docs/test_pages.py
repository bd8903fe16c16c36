"""The pages that `./dev docs` makes: every document is on one. The build itself is a step of CI, strict."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.docs.test_docs import DOCUMENTS, ROOT, names


@pytest.fixture
def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pages", ROOT / "scripts" / "pages.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_every_document_has_a_page(pages: ModuleType) -> None:
    missing = {names(path) for path in DOCUMENTS} - set(pages.documents())
    assert missing == set()


def test_what_is_gathered(pages: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGES", str(tmp_path))
    assert pages.gather() == []
    assert "```rft\n" in (tmp_path / "docs" / "language.md").read_text("utf-8")
    assert "```rft module" not in (tmp_path / "docs" / "language.md").read_text("utf-8")
    assert (tmp_path / "LICENSE").exists(), "what a document leads to comes along"


def test_a_document_as_a_page(pages: ModuleType) -> None:
    assert pages.as_page("Say:\n- a\n- b\n") == "Say:\n\n- a\n- b\n"
    assert pages.as_page("```rft module\nx:\n- a\n```\n") == "```rft\nx:\n- a\n```\n"
