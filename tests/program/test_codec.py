"""The stored form of values: golden bytes, round trips, what is refused, and what older bytes read as."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from raftoral.program.codec import codec_of, dumps, loads, object_codec
from raftoral.program.faults import Fault, Misfit, NotFinite, Overflow, TooLarge
from raftoral.program.scalars import INT_MAX, INT_MIN, NESTING_MAX
from raftoral.program.values import (
    ActivityFailed,
    Cancelled,
    Failed,
    Handle,
    Interrupted,
    Ok,
    WorkflowError,
    text,
)
from tests.program import shapes as sh
from tests.program.shapes import (
    AtCatch,
    AtCharge,
    Card,
    Declined,
    Free,
    Gone,
    Invoice,
    Level,
    Line,
    Order,
    Payment,
    Tree,
)

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LINE = Line(sku="a", price=Decimal("12.50"))
ORDER = Order(id="o-1", customer="ann", lines=[LINE])

# A change here makes stored frames unreadable, or equal ones different: it needs another format, not another golden.
GOLDEN: list[tuple[Any, Any, str]] = [
    (None, None, "null"),
    (bool, True, "true"),
    (int, INT_MIN, "-9223372036854775808"),
    (int, INT_MAX, "9223372036854775807"),
    (float, -0.0, "0.0"),
    (float, 1e16, "1e+16"),
    (float, 0.1, "0.1"),
    (float, 5e-324, "5e-324"),
    (str, "", '""'),
    (str, 'é"\\/\b\f\n\r\t\x00\x1f\x7f\u2028😀', '"é\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\u2028😀"'),
    (Decimal, Decimal("12.50"), '"12.5"'),
    (Decimal, Decimal("1E+3"), '"1000"'),
    (Decimal, Decimal("-0.00"), '"0"'),
    (Decimal, Decimal("0E-999999999"), '"0"'),
    (Decimal, Decimal("1E-7"), '"0.0000001"'),
    (Decimal, Decimal("9" * 34), f'"{"9" * 34}"'),
    (bytes, b"", '""'),
    (bytes, b"\xfb\xff\x00", '"+/8A"'),
    (timedelta, timedelta(hours=1, minutes=30), "5400000000"),
    (timedelta, timedelta(microseconds=-1), "-1"),
    (datetime, NOON, '"2026-11-21T12:00:00Z"'),
    (datetime, NOON.replace(microsecond=500000), '"2026-11-21T12:00:00.500000Z"'),
    (datetime, NOON.astimezone(timezone(timedelta(hours=-5))), '"2026-11-21T12:00:00Z"'),
    (datetime, datetime.min.replace(tzinfo=UTC), '"0001-01-01T00:00:00Z"'),
    (UUID, UUID(int=255), '"00000000-0000-0000-0000-0000000000ff"'),
    (Level, Level.HIGH, '"high"'),
    (str | None, None, "null"),
    (list[int], [], "[]"),
    (list[Decimal | None], [Decimal("1.0"), None], '["1",null]'),
    (dict[str, int], {"é": 1, "b": 2, "B": 3, "😀": 4, "\uffff": 5}, '{"B":3,"b":2,"é":1,"\uffff":5,"😀":4}'),
    (dict[int, str], {10: "b", 9: "a", -1: "c"}, '{"-1":"c","9":"a","10":"b"}'),
    (dict[bool, int], {True: 1, False: 0}, '{"false":0,"true":1}'),
    (dict[datetime, int], {NOON: 1, datetime(999, 1, 1, tzinfo=UTC): 2},
     '{"0999-01-01T00:00:00Z":2,"2026-11-21T12:00:00Z":1}'),
    (dict[Level, bool], {Level.LOW: True, Level.HIGH: False}, '{"high":false,"low":true}'),
    (dict[UUID, int], {UUID(int=2**127): 1, UUID(int=0): 2},
     '{"00000000-0000-0000-0000-000000000000":2,"80000000-0000-0000-0000-000000000000":1}'),
    (tuple[int, str], (1, "a"), '[1,"a"]'),
    (tuple[str, ...], ("a", "b"), '["a","b"]'),
    (Line, LINE, '{"class":"plain","note":null,"price":"12.5","qty":1,"sku":"a"}'),
    (Payment, Card(last4="0007"), '{"kind":"Card","last4":"0007"}'),
    (Payment, Free(), '{"kind":"Free"}'),
    (Payment | None, None, "null"),
    (Free, Free(), '{"kind":"Free"}'),
    (Invoice, Invoice(due=NOON), '{"due":"2026-11-21T12:00:00Z","kind":"Invoice","line":null}'),
    (Ok[int] | Failed, Ok(3), '{"kind":"Ok","value":3}'),
    (Ok[int] | Failed, Failed("Declined", "no"), '{"detail":"no","error":"Declined","kind":"Failed"}'),
    (Declined, Declined(code="51"), '{"fields":{"class":"hard","code":"51","line":null},"kind":"Declined"}'),
    (Gone | Declined, Gone(), '{"fields":{},"kind":"Gone"}'),
    (ActivityFailed, ActivityFailed(activity="pay", detail="", attempts=3),
     '{"fields":{"activity":"pay","attempts":3,"detail":""},"kind":"ActivityFailed"}'),
    (WorkflowError, Cancelled(reason="x"), '{"fields":{"reason":"x"},"kind":"Cancelled"}'),
    (Interrupted, Interrupted(activity="pay"), '{"fields":{"activity":"pay"},"kind":"Interrupted"}'),
    (Handle[str], Handle("ship-1"), '"ship-1"'),
    (Tree, Tree(name="a", parts=[Tree(name="b")]), '{"name":"a","parts":[{"name":"b","parts":[]}]}'),
    (sh.Even, sh.Even(odd=sh.Odd(even=sh.Even())), '{"odd":{"even":{"odd":null}}}'),
    (sh.Nothing, sh.Nothing(), "[]"),
    (AtCharge, AtCharge(ORDER, Decimal(100), ("h",)),
     '[{"customer":"ann","id":"o-1","lines":[{"class":"plain","note":null,"price":"12.5","qty":1,"sku":"a"}]},"100",["h"]]'),
    (AtCatch, AtCatch(Gone(), [1], "a"), '[{"fields":{},"kind":"Gone"},[1],"a"]'),
]  # fmt: skip


@pytest.mark.parametrize(("as_", "value", "expected"), GOLDEN)
def test_golden_bytes(as_, value, expected):
    data = dumps(value, as_)
    assert data.decode() == expected
    found = loads(data, as_)
    assert found == value
    assert type(found) is type(value)
    assert dumps(found, as_) == data


def test_there_are_enough_goldens():
    assert len(GOLDEN) >= 40


def test_what_was_read_is_made_of_our_own_values():
    moment = loads(b'"2026-11-21T13:00:00+01:00"', datetime)
    assert moment.tzinfo is UTC
    assert isinstance(loads(b'"x"', Handle[str]), Handle)
    line = loads(b'{"sku":"a","price":"1"}', Line)
    assert line.model_dump() == {"sku": "a", "qty": 1, "price": Decimal(1), "kind": "plain", "note": None}
    with pytest.raises(ValueError, match="frozen"):
        line.qty = 2
    assert line.model_copy(update={"qty": 2}).qty == 2


def test_a_map_is_stored_in_the_order_of_its_keys_however_it_was_filled():
    forward = {f"k{n}": n for n in range(50)}
    backward = dict(reversed(forward.items()))
    assert dumps(forward, dict[str, int]) == dumps(backward, dict[str, int])


def test_fields_are_stored_in_the_order_of_their_names_not_of_their_declaration():
    assert dumps(LINE, Line).index(b'"class"') < dumps(LINE, Line).index(b'"sku"')
    shuffled = Line.model_construct(note=None, kind="plain", price=Decimal("12.5"), qty=1, sku="a")
    assert dumps(shuffled, Line) == dumps(LINE, Line)


def test_a_class_reads_the_same_before_and_after_its_first_use():
    data = b'[{"sku":"a","price":1.5}]'
    for _ in range(2):
        with pytest.raises(Misfit):
            loads(data, list[Line])
        Line(sku="a", price=Decimal(1))
        codec_of.__globals__["_codecs"].pop(list[Line])


def test_codecs_are_made_once_also_by_many_threads():
    made = []
    hint = list[tuple[Order, Decimal]]
    threads = [threading.Thread(target=lambda: made.append(codec_of(hint))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dumps([(ORDER, Decimal(1))], hint) == made[0].dumps([(ORDER, Decimal(1))])
    assert codec_of(hint) is codec_of(hint)


def test_values_with_names():
    codec = object_codec({"status": Level, "count": int})
    assert codec.dumps({"count": 1, "status": Level.LOW}) == b'{"count":1,"status":"low"}'
    assert codec.loads(b'{"status":"low","count":1,"more":2}') == {"count": 1, "status": Level.LOW}
    with pytest.raises(Misfit, match="count: the field is missing"):
        codec.loads(b'{"status":"low"}')
    with pytest.raises(Misfit, match="count is missing"):
        codec.dumps({"status": Level.LOW})


# --- what older types wrote -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "as_", "expected"),
    [
        ("3", Decimal, Decimal(3)),
        ("3", float, 3.0),
        ("-0.0", float, 0.0),
        ('"a"', str | None, "a"),
        ('{"sku":"a","qty":2,"price":"1","class":"x","note":null}', sh.WiderLine,
         sh.WiderLine(sku="a", qty=Decimal(2), price=Decimal(1))),
        ('{"fields":{"code":"1","older":true},"kind":"Declined","more":1}', Declined, Declined(code="1")),
        (' [ 1 , 2 ] ', list[int], [1, 2]),
        ('"2026-11-21t12:00:00.5z"', datetime, NOON.replace(microsecond=500000)),
        ('"ABCDEFAB-0000-0000-0000-000000000000"', UUID, UUID("abcdefab-0000-0000-0000-000000000000")),
        ('"\\u00e9\\ud83d\\ude00"', str, "é😀"),
        ('{"b":1,"a":2,"b":3}', dict[str, int], {"a": 2, "b": 3}),
    ],
)  # fmt: skip
def test_reading_is_wider_than_writing(data, as_, expected):
    found = loads(data.encode(), as_)
    assert found == expected
    assert text(found) == text(expected)


def test_defaults_are_not_shared():
    one, two = (loads(b'{"sku":"a","qty":1,"price":"1"}', sh.WiderLine) for _ in range(2))
    assert one.tags == []
    assert one.tags is not two.tags


# --- what is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "as_", "fault"),
    [
        (1, None, Misfit("none was expected, not a value of Python's type int")),
        (1, bool, Misfit("a bool was expected, not a value of Python's type int")),
        (True, int, Misfit("an int was expected, not a value of Python's type bool")),
        (1.0, int, Misfit("an int was expected, not a value of Python's type float")),
        (INT_MAX + 1, int, Overflow()),
        (INT_MIN - 1, int, Overflow()),
        (2**1000, int, Overflow()),
        (float("nan"), float, NotFinite()),
        (float("-inf"), float, NotFinite()),
        (10**400, float, NotFinite()),
        (True, float, Misfit("a float was expected, not a value of Python's type bool")),
        (Decimal("NaN"), Decimal, NotFinite("a decimal is infinite or not a number")),
        (Decimal("NaN123"), Decimal, NotFinite("a decimal is infinite or not a number")),
        (Decimal("1E+999999999"), Decimal, Overflow("a decimal is outside of its range")),
        (Decimal("1E-999999999"), Decimal, Overflow("a decimal is outside of its range")),
        (Decimal("1E-6180"), Decimal, Overflow("a decimal is outside of its range")),
        (Decimal("1.1E-6176"), Decimal, Overflow("a decimal has more than 34 digits")),
        (Decimal("1." + "1" * 34), Decimal, Overflow("a decimal has more than 34 digits")),
        (0.5, Decimal, Misfit("a decimal was expected, not a value of Python's type float")),
        (b"a", str, Misfit("a text was expected, not a value of Python's type bytes")),
        ("\ud800", str, Misfit("a text holds what is no character")),
        ("a", bytes, Misfit("bytes was expected, not a value of Python's type str")),
        (timedelta.max, timedelta, Overflow("a duration left its 64 bits of microseconds")),
        (datetime(2026, 1, 1), datetime, Misfit("a timestamp needs a time zone")),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), datetime, Overflow("a timestamp left its range")),
        ("low", Level, Misfit("a member of Level was expected, not a value of Python's type str")),
        ((1,), list[int], Misfit("a list was expected, not a value of Python's type tuple")),
        ([1], tuple[int], Misfit("a tuple was expected, not a value of Python's type list")),
        ((1, 2), tuple[int], Misfit("a tuple of 1 was expected")),
        ({"a": "b"}, dict[str, int], Misfit("a: an int was expected, not a value of Python's type str")),
        ({1: 1}, dict[str, int], Misfit("a text was expected, not a value of Python's type int")),
        ({1: 1, "a": 2}, dict[str, int], Misfit("the keys of a map have different types")),
        ({}, Line, Misfit("a Line was expected, not a value of Python's type dict")),
        (Line.model_construct(sku="a"), Line, Misfit("a Line has no price")),
        (LINE, Payment, Misfit("Card or Invoice or Free was expected, not a value of Python's type Line")),
        (Card.model_construct(kind="Free", last4="1"), Payment,
         Misfit("kind: the text Card was expected, not a value of Python's type str")),
        (3, Ok[int] | Failed, Misfit("Ok or Failed was expected, not a value of Python's type int")),
        (3, WorkflowError, Misfit("an error was expected, not a value of Python's type int")),
        (None, AtCharge, Misfit("a AtCharge was expected, not none")),
        (ORDER.model_copy(update={"lines": [LINE, LINE.model_copy(update={"qty": "1"})]}), Order,
         Misfit("lines[1].qty: an int was expected, not a value of Python's type str")),
        (AtCharge(ORDER, Decimal("inf"), ()), AtCharge, NotFinite("total: a decimal is infinite or not a number")),
        ((1, [2, None]), tuple[int, list[int]], Misfit("[1][1]: an int was expected, not none")),
        (Declined(code=5), Declined, Misfit("code: a text was expected, not a value of Python's type int")),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_does_not_fit_is_not_written(value, as_, fault):
    with pytest.raises(Fault) as caught:
        dumps(value, as_)
    assert type(caught.value) is type(fault)
    assert caught.value.message == fault.message


@pytest.mark.parametrize(
    ("data", "as_", "message"),
    [
        ("", int, "this is not JSON"),
        ("{", int, "this is not JSON"),
        ("1 2", int, "this is not JSON"),
        ("1.0", int, "not an int"),
        ('"1"', int, "not an int"),
        ("true", int, "not an int"),
        ("9223372036854775808", int, None),
        ("1" * 5000, int, None),
        ("NaN", float, None),
        ("1e999", float, None),
        ('"1"', float, "not a float"),
        ("1", bool, "not a bool"),
        ("1", str, "not a text"),
        ('"\\ud800"', str, "this is not JSON"),
        ("1.5", Decimal, 'a decimal was expected, as a text: "1.5"'),
        ('"1e3"', Decimal, "a decimal was expected"),
        ('"NaN"', Decimal, "a decimal was expected"),
        ("true", Decimal, "a decimal was expected"),
        (f'"{"9" * 35}"', Decimal, "a decimal was expected"),
        ('"a"', bytes, "base64 was expected"),
        ('"a-_="', bytes, "base64 was expected"),
        ('"é"', bytes, "base64 was expected"),
        ('"2026-11-21T12:00:00"', datetime, "a timestamp was expected"),
        ("0", datetime, "a timestamp was expected"),
        ('"5"', UUID, "a uuid was expected"),
        ('"{00000000-0000-0000-0000-000000000000}"', UUID, "a uuid was expected"),
        ('"middle"', Level, "not a member of the enum"),
        ("{}", list[int], "not a list"),
        ("[]", dict[str, int], "not a map"),
        ("[1]", tuple[int, int], "[1]: the field is missing"),
        ("[1,2,3]", tuple[int, int], None),
        ('{"1.0":1}', dict[int, int], None),
        ('{"True":1}', dict[bool, int], None),
        ('{"sku":"a"}', Line, "price: the field is missing"),
        ('{"sku":"a","price":"1","qty":null}', Line, "qty: not an int"),
        ('{"last4":"1"}', Payment, "`kind` is missing"),
        ('{"kind":"Cash"}', Payment, "`kind` is not known"),
        ('{"kind":"Invoice","due":1}', Payment, "Invoice.due: a timestamp was expected"),
        ('{"kind":"Lost","fields":{}}', WorkflowError, "`kind` is not known"),
        ("[]", AtCharge, "[0]: the field is missing"),
        ("null", Order, None),
    ],
)
def test_what_does_not_fit_is_not_read(data, as_, message):
    with pytest.raises(Misfit) as caught:
        loads(data.encode(), as_)
    if message is not None:
        assert caught.value.message == message
    assert "pydantic" not in caught.value.message


@pytest.mark.parametrize(
    "hint", [object, int | str, dict[float, int], Line | Card, set[int], list, complex, Gone | Line]
)
def test_what_is_no_type_of_the_language_is_a_bug_of_the_generator(hint):
    with pytest.raises(TypeError):
        codec_of(hint)


class GoneElsewhere(WorkflowError, kind="Gone"):
    """Another module's, of the same name."""


class AtCatchElsewhere(NamedTuple):
    problem: WorkflowError


def test_two_members_of_a_union_cannot_share_their_kind():
    with pytest.raises(TypeError, match="called Gone"):
        codec_of(Gone | GoneElsewhere)


def test_an_error_of_any_type_is_read_as_the_class_that_the_module_of_the_frame_names():
    data = b'[{"kind":"Gone","fields":{}}'
    assert type(loads(data + b',[],""]', AtCatch).problem) is Gone
    assert type(loads(data + b"]", AtCatchElsewhere).problem) is GoneElsewhere
    assert type(loads(b'{"kind":"Declined","fields":{"code":"1"}}', WorkflowError)) is Declined


def test_nesting_has_a_bound_of_its_own():
    def nested(depth: int) -> Tree:
        tree = Tree(name="leaf")
        for _ in range(depth - 1):
            tree = Tree(name="", parts=[tree])
        return tree

    deepest = nested(NESTING_MAX)
    assert loads(dumps(deepest, Tree), Tree) == deepest
    for depth in (NESTING_MAX + 1, NESTING_MAX * 5):
        with pytest.raises(TooLarge) as caught:
            dumps(nested(depth), Tree)
        assert len(caught.value.message) < 200
    assert dumps(Tree(name="a"), Tree) == b'{"name":"a","parts":[]}'
    with pytest.raises(Misfit):
        loads(b'{"name":"","parts":[' * 5000 + b"]}" * 5000, Tree)


# --- round trips ------------------------------------------------------------------------------------------------

ints = st.integers(INT_MIN, INT_MAX)
floats = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(codec="utf-8"), max_size=20)
decimals = st.builds(
    lambda sign, digits, exponent: Decimal((sign, tuple(digits), exponent)),
    st.integers(0, 1),
    st.lists(st.integers(0, 9), min_size=1, max_size=34),
    st.integers(-6176, 6144 - 33),
)
moments = st.datetimes(timezones=st.just(UTC))
spans = st.integers(INT_MIN, INT_MAX).map(lambda count: timedelta(microseconds=count))
levels = st.sampled_from(Level)
lines = st.builds(Line, sku=texts, qty=ints, price=decimals, kind=texts, note=st.none() | texts)
payments = st.builds(Card, last4=texts) | st.builds(Invoice, due=moments, line=st.none() | lines) | st.just(Free())
problems = st.builds(Declined, code=texts, kind=texts, line=st.none() | lines) | st.builds(
    ActivityFailed, activity=texts, detail=texts, attempts=ints
)
everything = st.builds(
    sh.Everything,
    text=texts,
    count=ints,
    ratio=floats,
    amount=decimals,
    sure=st.booleans(),
    blob=st.binary(max_size=20),
    span=spans,
    moment=moments,
    key=st.uuids(),
    level=levels,
    lines=st.lists(lines, max_size=3),
    by_day=st.dictionaries(moments, ints, max_size=3),
    by_id=st.dictionaries(st.uuids(), st.lists(texts, max_size=2), max_size=3),
    by_level=st.dictionaries(levels, st.booleans()),
    by_flag=st.dictionaries(st.booleans(), texts),
    by_number=st.dictionaries(ints, decimals, max_size=3),
    pair=st.tuples(ints, st.none() | texts),
    payment=payments,
    maybe=st.none() | payments,
    result=st.builds(Ok, lines) | st.builds(Failed, texts, texts),
    problem=problems,
    child=texts.map(Handle),
)


@given(everything)
def test_what_was_written_reads_as_an_equal_value_with_the_same_bytes(value):
    data = dumps(value, sh.Everything)
    found = loads(data, sh.Everything)
    assert found == value
    assert text(found) == text(value)
    assert dumps(found, sh.Everything) == data


@given(decimals, decimals)
def test_decimals_have_equal_bytes_exactly_if_they_are_equal(one, two):
    assert (dumps(one, Decimal) == dumps(two, Decimal)) == (one == two)
    exponent = one.as_tuple().exponent
    assert isinstance(exponent, int)
    if len(one.as_tuple().digits) < 34 and exponent > -6176:
        longer = Decimal((one.as_tuple().sign, (*one.as_tuple().digits, 0), exponent - 1))
        assert dumps(longer, Decimal) == dumps(one, Decimal)


@given(st.dictionaries(texts, ints), st.randoms(use_true_random=False))
def test_maps_have_the_same_bytes_in_any_order(value, random):
    keys = list(value)
    random.shuffle(keys)
    assert dumps({key: value[key] for key in keys}, dict[str, int]) == dumps(value, dict[str, int])


@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_reading_anything_gives_a_value_or_a_misfit(data):
    for hint in (Order, Payment, AtCharge, dict[int, Decimal], WorkflowError, Tree):
        try:
            loads(data, hint)
        except Misfit as fault:
            assert fault.message
