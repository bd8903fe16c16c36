"""Problems -> text for programs: short lines, GitHub commands, JSON, SARIF."""

from __future__ import annotations

import json
import os
import re

import jsonschema
import pytest

from raftoral.dsl.diagnostics import Label, Problem
from raftoral.dsl.diagnostics.render import github, records, sarif, short
from raftoral.dsl.source import Source
from tests.dsl.messages import GOLDEN, at, label_twice, missing_colon, problem, race

SCHEMA = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data", "sarif-schema-2.1.0.json")


# --- short, github --------------------------------------------------------------------------------


def test_short():
    assert short.render([race(), label_twice()]) == (
        "shop/orders.rft:39:12: error[RFT0601]: two branches that run at the same time both write"
        " `status`\n"
        "shop/orders.rft:41:1: error[RFT0805]: two slots are labelled `pay`\n"
    )


def test_github():
    source = Source("shop, 100%/a:b.rft", "let a = 1\nlet b = 2\n")
    made = problem("RFT0209", "50% of\r\nit", [at(source, "b", "here, or: there")], helps=["drop"])
    assert github.render([made]) == (
        "::warning file=shop%2C 100%25/a%3Ab.rft,line=2,endLine=2,col=5,endColumn=6,"
        "title=RFT0209 unused-variable::50%25 of%0D%0Ait%0Ahere, or: there%0Ahelp: drop\n"
    )


def test_github_gives_no_columns_for_a_span_over_lines():
    source = Source("a.rft", "if x {\n}\n")
    made = problem("RFT0209", "h", [Label(source, 0, 8, "")])
    assert github.render([made]).startswith("::warning file=a.rft,line=1,endLine=2,title=")


# --- JSON -----------------------------------------------------------------------------------------


def test_json():
    document = json.loads(records.render([missing_colon()], 3))
    label_span = {
        "start": {"byte": 66, "offset": 66, "line": 15, "column": 3},
        "end": {"byte": 73, "offset": 73, "line": 15, "column": 10},
    }
    assert document == {
        "schema": 1,
        "problems": [
            {
                "code": "RFT0103",
                "slug": "missing-token",
                "severity": "error",
                "headline": "expected `:` after `timeout`",
                "path": "shop/orders.rft",
                "labels": [
                    {
                        "primary": True,
                        "path": "shop/orders.rft",
                        "span": label_span,
                        "text": "this policy has no `:`",
                    }
                ],
                "notes": ["policies are written `name: value`, like record fields"],
                "helps": [],
                "fix": {
                    "applicability": "safe",
                    "path": "shop/orders.rft",
                    "edits": [{"span": label_span, "text": "timeout:"}],
                },
            }
        ],
        "summary": {"errors": 1, "warnings": 0, "files": 3},
    }


def test_json_keys_keep_their_order():
    text = records.render([missing_colon()], 1)
    keys = ["schema", "problems", "code", "slug", "severity", "headline", "path", "labels"]
    keys += ["notes", "helps", "fix", "summary"]
    places = [text.index(f'"{key}"') for key in keys]
    assert places == sorted(places)


def test_json_counts_bytes_and_code_points():
    source = Source("a.rft", "é\n名x\n\nüy")
    for words, byte, offset, line, column in (("x", 6, 3, 2, 2), ("y", 11, 7, 4, 2)):
        made = problem("RFT0209", "h", [at(source, words)])
        [found] = json.loads(records.render([made], 1))["problems"]
        place = {"byte": byte, "offset": offset, "line": line, "column": column}
        assert found["labels"][0]["span"]["start"] == place
        assert source.text[:offset].encode() == source.text.encode()[:byte]


def test_json_of_nothing():
    assert json.loads(records.render([], 2)) == {
        "schema": 1,
        "problems": [],
        "summary": {"errors": 0, "warnings": 0, "files": 2},
    }


def test_json_counts_what_is_not_listed():
    both = [race(), label_twice()]
    document = json.loads(records.render(both[:1], 1, both))
    assert (len(document["problems"]), document["summary"]["errors"]) == (1, 2)


# --- SARIF ----------------------------------------------------------------------------------------


def sarif_run(*problems: Problem, **more) -> dict:
    document = json.loads(sarif.render(problems, "0.1.0", **more))
    with open(SCHEMA, encoding="utf-8") as schema:
        jsonschema.Draft4Validator(json.load(schema), format_checker=jsonschema.FormatChecker()).validate(document)
    assert document["version"] == "2.1.0"
    run: dict
    [run] = document["runs"]
    return run


def test_sarif_is_valid():
    run = sarif_run(*(make() for make in GOLDEN))
    assert [result["ruleId"] for result in run["results"]] == [make().code for make in GOLDEN]
    assert run["columnKind"] == "unicodeCodePoints"


def test_sarif_of_nothing_is_valid():
    assert sarif_run()["results"] == []


def test_the_schema_refuses_what_is_wrong():
    with open(SCHEMA, encoding="utf-8") as schema:
        validator = jsonschema.Draft4Validator(json.load(schema))
    document = json.loads(sarif.render([race()], "0.1.0"))
    document["runs"][0]["results"][0]["level"] = "fatal"
    assert not validator.is_valid(document)


def test_sarif_result():
    [result] = sarif_run(race())["results"]
    place = {
        "artifactLocation": {"uri": "shop/orders.rft", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 39, "startColumn": 12, "endLine": 39, "endColumn": 18},
    }
    assert result["locations"] == [{"physicalLocation": place}]
    assert result["level"] == "error"
    assert result["message"]["text"].startswith("two branches that run at the same time both write")
    [other] = result["relatedLocations"]
    assert other["message"]["text"] == "written by branch `stock`"
    assert other["physicalLocation"]["region"]["startLine"] == 38
    [fix] = result["fixes"]
    [changed] = fix["artifactChanges"]
    assert changed["replacements"][2] == {
        "deletedRegion": {"startLine": 41, "startColumn": 1, "endLine": 41, "endColumn": 1},
        "insertedContent": {"text": "status = Status.reserved\n"},
    }


def test_sarif_rules():
    run = sarif_run(race(), label_twice(), race(), texts={"RFT0601": "Long."})
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["RFT0601", "RFT0805"]
    assert [result["ruleIndex"] for result in run["results"]] == [0, 1, 0]
    assert rules[0]["name"] == "RaceWriteWrite"
    assert rules[0]["help"]["text"] == "Long."
    assert "raftoral explain RFT0805" in rules[1]["help"]["text"]
    assert rules[0]["defaultConfiguration"] == {"level": "error"}


def test_sarif_regions_have_a_start():
    """The errata of the standard ask for it; the schema at hand is older."""
    text = sarif.render([make() for make in GOLDEN], "0.1.0")
    regions = re.findall(r'"(?:region|deletedRegion)": \{([^}]*)\}', text)
    assert regions
    assert all('"startLine"' in region for region in regions)


def test_fingerprints_do_not_depend_on_line_numbers():
    def prints(*problems: Problem) -> list[str]:
        results = sarif_run(*problems)["results"]
        return [result["partialFingerprints"]["raftoral/v1"] for result in results]

    moved = race()
    moved.labels[0] = at(
        Source("shop/orders.rft", "\n\n      score:   " + moved.labels[0].source.line(39)[9:]),
        "status",
    )
    [before] = prints(race())
    assert prints(moved) == [before]
    first, second = prints(race(), race())
    assert first == before
    assert second != before
    assert second.endswith(":2")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("a b/ü#.rft", {"uri": "a%20b/%C3%BC%23.rft", "uriBaseId": "%SRCROOT%"}),
        ("/there/x/a.rft", {"uri": "x/a.rft", "uriBaseId": "%SRCROOT%"}),
        ("/other/a.rft", {"uri": "file:///other/a.rft"}),
        ("a\\b.rft", {"uri": "a/b.rft", "uriBaseId": "%SRCROOT%"}),
        ("C:\\x\\a.rft", {"uri": "file:///C%3A/x/a.rft"}),
        ("a\udcff.rft", {"uri": "a%FF.rft", "uriBaseId": "%SRCROOT%"}),
    ],
)
def test_sarif_paths(path, location):
    made = problem("RFT0209", "h", [Label(Source(path, "x"), 0, 1, "")])
    [result] = sarif_run(made, folder="/there")["results"]
    found = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert found == location
