"""`raftoral explain`: the long texts, read from Markdown and laid out."""

from __future__ import annotations

import json
import re

import pytest

from raftoral import dsl
from raftoral.cli import explain
from raftoral.dsl.diagnostics.codes import CODES

TEXT = """\
# 01 Text and syntax

## RFT0102 other

Not this.

## RFT0103 missing-token

A small piece is `missing`, and
this goes on.

- one
- two

```rft wrong
## no heading
timeout 10s
```

```rft later-right file=shop/catalog.rft
timeout: 10s
```

```python with file=shop/tax.py
x = 1
```

## RFT0104 unclosed-block

Nor this.
"""


@pytest.fixture
def texts(tmp_path, monkeypatch):
    (tmp_path / "explain").mkdir()
    (tmp_path / "explain" / "01.md").write_text(TEXT)
    monkeypatch.setattr(dsl, "__file__", str(tmp_path / "__init__.py"))


def test_a_text_is_laid_out(texts, raftoral):
    assert raftoral("explain", "RFT0103") == (
        0,
        """\
error[RFT0103] missing-token

A small piece is `missing`, and this goes on.

- one
- two

wrong:
  │ ## no heading
  │ timeout 10s

right (shop/catalog.rft):
  │ timeout: 10s

with (shop/tax.py):
  │ x = 1
""",
        "",
    )


def test_colour_adds_nothing_but_colour(texts, raftoral):
    plain = raftoral("explain", "RFT0103")[1]
    colored = raftoral("--color=always", "explain", "RFT0103")[1]
    assert "\x1b[36mmissing\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain.replace("`", "")


def test_json(texts, raftoral):
    code, out, _ = raftoral("explain", "--format=json", "missing-token")
    assert code == 0
    assert json.loads(out) == {
        "schema": 1,
        "code": "RFT0103",
        "slug": "missing-token",
        "severity": "error",
        "group": "text and syntax",
        "text": "A small piece is `missing`, and\nthis goes on.\n\n- one\n- two",
        "programs": [
            {"kind": "wrong", "file": None, "source": "## no heading\ntimeout 10s"},
            {"kind": "right", "file": "shop/catalog.rft", "source": "timeout: 10s"},
            {"kind": "with", "file": "shop/tax.py", "source": "x = 1"},
        ],
    }


def test_a_code_without_a_text(texts, raftoral):
    code, out, _ = raftoral("explain", "RFT0913")
    assert code == 0
    assert out == "error[RFT0913] signal-retyped\n\nthere is no long form of this problem yet\n"


@pytest.mark.parametrize("word", ["RFT0103", "rft0103", "0103", "103", "missing-token", "Missing_Token", " RFT0103 "])
def test_names_of_a_code(word):
    assert explain.code_of(word) == "RFT0103"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("missing-tokn", "; did you mean missing-token?"),
        ("RFT0194", "; did you mean RFT0104?"),
        ("xyz", "; `raftoral explain` lists them all"),
        ("", "; `raftoral explain` lists them all"),
        ("²", "; `raftoral explain` lists them all"),
    ],
)
def test_a_code_that_is_none(raftoral, word, hint):
    code, out, err = raftoral("explain", word)
    assert (code, out) == (2, "")
    assert err == (f"raftoral explain: there is no problem {word!r}{hint}\ntry: raftoral explain --help\n")


def test_the_list(raftoral):
    code, out, _ = raftoral("explain")
    assert code == 0
    assert re.findall(r"RFT\d{4}", out) == list(CODES)
    assert out.startswith("01xx text and syntax\n  RFT0101  missing-edition\n")
    assert "  RFT0118  unknown-allow           warning\n" in out
    listed = json.loads(raftoral("explain", "--format", "json")[1])
    assert [row["code"] for row in listed["codes"]] == list(CODES)


def test_every_group_has_a_title():
    assert {code[3:5] for code in CODES} == set(explain.GROUPS)


def test_the_shipped_texts(raftoral):
    for code in CODES:
        kinds = [piece.kind for piece in explain.read_text(code)]
        assert kinds[0] == "prose", code
        assert {"prose", "wrong", "right"} <= set(kinds) <= {"prose", *explain.KINDS}, code
        assert raftoral("explain", code)[0] == 0
