"""Records, unions, errors and outcomes: immutable, equal by content, printed alike; and the faults of Python's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, getcontext, localcontext
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from raftoral.program import faults
from raftoral.program.codec import dumps, loads
from raftoral.program.context import Cx
from raftoral.program.faults import Fault, TooLarge, fault_of
from raftoral.program.scalars import NESTING_MAX, SIZE_MAX, constant, transition_context
from raftoral.program.std import Stream
from raftoral.program.values import (
    ActivityFailed,
    Failed,
    Handle,
    Ok,
    Outcome,
    Record,
    changed,
    fields_of,
    joined,
    ordered,
    same,
    text,
)
from tests.program.shapes import (
    AtCharge,
    Card,
    Declined,
    Everything,
    Free,
    Gone,
    Invoice,
    Level,
    Line,
    Order,
    Payment,
    Tree,
)

LINE = Line(sku="a", price=Decimal("1.50"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "none"),
        (True, "true"),
        (-3, "-3"),
        (1e16, "1e+16"),
        (-0.0, "0.0"),
        (Decimal("12.50"), "12.5"),
        (Decimal("1E+3"), "1000"),
        ("a b", "a b"),
        (b"\xff", "/w=="),
        (timedelta(hours=1, minutes=30), "1h30m"),
        (timedelta(days=14), "14d"),
        (timedelta(), "0s"),
        (timedelta(seconds=-1.5), "-1s500ms"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Level.HIGH, "high"),
        (Handle("ship-1"), "ship-1"),
        ([1, "a", None], "[1, a, none]"),
        ((1, [Level.LOW]), "(1, [low])"),
        ({"b": 1, "a": True}, "{a: true, b: 1}"),
        ({10: "x", 9: "y"}, "{9: y, 10: x}"),
        (LINE, "Line(sku: a, qty: 1, price: 1.5, kind: plain, note: none)"),
        (Card(last4="0007"), "Card(last4: 0007)"),
        (Free(), "Free"),
        (Declined(code="51"), "Declined(code: 51, kind: hard, line: none)"),
        (Gone(), "Gone"),
        (Ok([1]), "Ok(value: [1])"),
        (Failed("Declined", "no"), "Failed(error: Declined, detail: no)"),
        (Order(id="o-1", customer="ann", lines=[]), "Order(id: o-1, customer: ann, lines: [])"),
    ],
)
def test_text(value, expected):
    assert text(value) == expected
    assert joined("[", value, "]") == f"[{expected}]"


@pytest.mark.parametrize("value", [LINE, Card(last4="1"), Declined(code="51"), Gone(), Ok(1), Failed("a", "b")])
def test_declared_types_print_themselves(value):
    assert str(value) == text(value)


def test_records_are_equal_by_content_and_cannot_be_changed():
    assert Line(sku="a", price=Decimal("1.5")) == LINE
    assert Line(sku="a", price=Decimal("1.6")) != LINE
    assert hash(Line(sku="a", price=Decimal("1.500"))) == hash(LINE)
    assert Card(last4="1") != Line(sku="a", price=Decimal(1))
    with pytest.raises(ValidationError):
        LINE.sku = "b"


def test_unions_are_told_apart_by_their_kind_also_by_pydantic():
    assert Card(last4="1") != Invoice(due=datetime(2026, 1, 1, tzinfo=UTC))
    adapter: TypeAdapter[Payment] = TypeAdapter(Payment)
    assert adapter.validate_json('{"kind":"Free"}') == Free()


def test_a_model_with_everything_can_be_made():
    with pytest.raises(ValidationError):
        Everything()  # type: ignore[call-arg]


def test_changed_copies():
    other = changed(LINE, qty=2, kind="gift")
    assert (other.qty, other.kind, other.sku, LINE.qty) == (2, "gift", "a", 1)
    assert changed(Card(last4="1"), last4="2") == Card(last4="2")
    problem = Declined(code="1", line=LINE)
    assert changed(problem, code="2") == Declined(code="2", line=LINE)
    assert problem.code == "1"


def test_errors_are_exceptions_with_fields():
    problem = Declined(code="51")
    assert (problem.code, problem.kind, problem.line) == ("51", "hard", None)
    assert problem == Declined(code="51")
    assert problem != Declined(code="52")
    assert problem != Gone()
    assert hash(problem) == hash(Declined(code="51"))
    assert repr(problem) == "Declined(code='51', kind='hard', line=None)"
    assert Declined.FIELDS == ("code", "kind", "line")
    assert Declined.KIND == "Declined"
    with pytest.raises(Declined):
        raise problem
    assert problem.__traceback__ is not None
    assert problem == Declined(code="51")


def test_errors_take_only_their_fields_and_only_once():
    with pytest.raises(TypeError, match="needs code="):
        Declined()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="has no colour"):
        Declined(code="1", colour="red")  # type: ignore[call-arg]
    problem = Declined(code="1")
    with pytest.raises(AttributeError, match="immutable"):
        problem.code = "2"


def test_the_implicit_errors():
    failed = ActivityFailed(activity="pay", detail="timed out", attempts=3)
    assert text(failed) == "ActivityFailed(activity: pay, detail: timed out, attempts: 3)"


def test_fields_are_those_of_the_language():
    assert list(fields_of(Card(last4="1"))) == ["last4"]
    assert list(fields_of(Declined(code="1"))) == ["code", "kind", "line"]
    with pytest.raises(TypeError):
        fields_of(3)


def test_outcomes_are_equal_by_content():
    assert Ok([LINE]) == Ok([Line(sku="a", price=Decimal("1.5"))])
    outcomes: list[Outcome[int]] = [Ok(1), Failed("a", "b")]
    assert outcomes[0] != outcomes[1]
    assert not same(Ok(1), 1)
    assert repr(Ok(1)) == "Ok(value=1)"
    assert {Ok(Decimal("1.0")), Ok(Decimal(1))} == {Ok[Decimal](Decimal(1))}
    with pytest.raises(AttributeError, match="immutable"):
        outcomes[1].detail = "c"
    match outcomes[1]:
        case Failed(error, detail):
            assert (error, detail) == ("a", "b")
        case _:
            pytest.fail("it is Failed")


def test_frames_are_equal_by_content():
    order = Order(id="1", customer="a", lines=[LINE])
    assert AtCharge(order, Decimal("1.0"), ()) == AtCharge(changed(order, id="1"), Decimal(1), ())


def test_same_compares_collections():
    assert same([{"a": (1, LINE)}], [{"a": (1, changed(LINE))}])
    assert not same([1], [1, 2])
    assert not same([1], 1)
    assert not same({"a": 1}, {"b": 1})
    assert not same({"a": 1}, [1])


def test_maps_in_the_order_of_their_keys():
    assert list(ordered({"b": 1, "a": 2}).items()) == [("a", 2), ("b", 1)]


def tree(depth: int) -> Tree:
    found = Tree(name="leaf")
    for _ in range(depth - 1):
        found = Tree(name="", parts=[found])
    return found


def test_depth_is_bounded_where_pythons_stack_would_end_somewhere():
    assert tree(NESTING_MAX) == tree(NESTING_MAX)
    assert text(tree(NESTING_MAX)).count("Tree(") == NESTING_MAX
    for depth in (NESTING_MAX + 1, 150):
        with pytest.raises(TooLarge):
            _ = tree(depth) == tree(depth)
        with pytest.raises(TooLarge):
            text(tree(depth))
        with pytest.raises(TooLarge):
            hash(tree(depth))


def test_a_record_reads_what_pydantic_reads():
    assert Order.model_validate_json(
        '{"id":"1","customer":"a","lines":[{"sku":"b","price":"1","class":"x"}],"new":1}'
    ) == Order(id="1", customer="a", lines=[Line(sku="b", price=Decimal(1), kind="x")])
    assert issubclass(Order, Record)


# --- faults -----------------------------------------------------------------------------------------------------


def test_every_fault_has_a_code_and_words_of_its_own():
    found = [each for each in vars(faults).values() if isinstance(each, type) and issubclass(each, Fault)]
    assert len({each.code for each in found}) == len(found) >= 11
    for each in found:
        assert each().message == str(each()) == each.usual
        assert each("because").message == "because"


def test_a_fault_says_where():
    assert Fault("bad").inside("price").inside(0).inside("items").message == "items[0].price: bad"
    assert Fault("bad").inside(1).inside(2).message == "[2][1]: bad"
    deep = Fault("bad")
    for _ in range(1000):
        deep.inside("name")
    assert len(deep.message) < 200
    assert deep.message.startswith("…name.")


def test_faults_are_equal_if_they_say_the_same():
    assert faults.Overflow() == faults.Overflow()
    assert faults.Overflow() != faults.DivisionByZero()
    assert hash(faults.Overflow()) == hash(faults.Overflow())


def raised_by(text: str) -> Fault:
    try:
        with transition_context():
            eval(text, {"Decimal": Decimal, "timedelta": timedelta, "datetime": datetime})
    except Exception as error:
        return fault_of(error)
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1 // 0", "division-by-zero"),
        ("1.0 / 0.0", "division-by-zero"),
        ("Decimal(1) / 0", "division-by-zero"),
        ("Decimal(0) / 0", "division-by-zero"),
        ("timedelta(1) // 0", "division-by-zero"),
        ("Decimal('9E+6144') * 10", "overflow"),
        ("timedelta.max * 2", "overflow"),
        ("datetime.max + timedelta(1)", "overflow"),
        ("Decimal('NaN') < 1", "out-of-range"),
        ("(lambda f: f(f))(lambda f: f(f))", "too-large"),
        ("None.price", "crashed"),
    ],
)
def test_exceptions_of_python_become_faults(text, code):
    fault = raised_by(text)
    assert fault.code == code
    if code == "crashed":
        assert fault.message == "AttributeError was raised"
    assert fault_of(fault) is fault


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt(), SystemExit(1)])
def test_what_says_something_about_the_machine_is_no_fault(error):
    with pytest.raises(type(error)):
        fault_of(error)


def test_check():
    faults.check(True, "never")
    with pytest.raises(faults.AssertionFailed, match="stock cannot be negative"):
        faults.check(False, "stock cannot be negative")
    with pytest.raises(faults.AssertionFailed, match="an assertion does not hold"):
        faults.check(False)


# --- bounds ------------------------------------------------------------------------------------------------------


def test_no_text_that_is_kept_is_longer_than_it_may_be():
    longest, longer = "a" * SIZE_MAX, "a" * (SIZE_MAX + 1)
    cx = Cx("run", "run", 1, 1, datetime(2026, 11, 21, tzinfo=UTC), Stream(b""))
    cx.log("info", longest)
    assert Declined(code=longest).code == longest
    assert loads(dumps(longest, str), str) == longest
    for keep in (lambda: cx.log("info", longer), lambda: Declined(code=longer), lambda: dumps(longer, str)):
        with pytest.raises(TooLarge):
            keep()


def test_a_constant_is_computed_as_in_a_transition_whatever_the_context_of_the_thread():
    with localcontext() as context:
        context.prec = 6
        assert str(constant(lambda: Decimal(1) / Decimal(3))) == f"0.{'3' * 34}"
        assert getcontext().prec == 6
