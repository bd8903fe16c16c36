"""The examples do what their comments say, and come to an end whatever happens to them."""

# ruff: noqa: E501 - a case is easier to read on few lines

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from raftoral.dsl.facts.symbols import Workflow
from tests.reference.interpreter import START, Run, load
from tests.reference.programs import ended, gave_up, line
from tests.reference.scripts import Script, value_of
from tests.reference.values import Arrive, Broke, Cancel, Done, Ended, Event, Fire, Member, Outcome, Rec

FOLDER = Path(__file__).parents[2] / "examples"


def _externs() -> dict[str, Callable[..., Any]]:
    spec = importlib.util.spec_from_file_location("tax", FOLDER / "tax.py")
    assert spec is not None and spec.loader is not None
    tax = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tax)
    return {"tax.rate": tax.rate, "tax.number_ok": tax.number_ok}


FILES = {
    path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.*")) if path.suffix in (".rft", ".py")
}
EXTERNS = _externs()
PROGRAM = load(FILES, EXTERNS)


def rec(kind: str, /, **fields: Any) -> Rec:
    return Rec(kind, fields)


def error(kind: str, module: str, /, **fields: Any) -> Rec:
    return Rec(kind, fields, module)


def failed(value: Rec) -> Outcome:
    return Outcome("failed", value)


ITEM = rec("Item", sku="a", price=Decimal("2.50"), qty=2)
ORDER = rec("Order", id="o1", customer="ann", items=[ITEM])
EXPENSE = rec("Expense", id="e", title="train", amount=Decimal("80"), owner="ann", manager="bo", director="cy")
PAYMENT = rec("Payment", id="p", card="c", amount=Decimal("5"), currency="EUR")
REQUEST = rec("Request", id="r", home="A", city="B", leave=START, back=START)
HALF_HOUR = timedelta(minutes=30)


def receipt(status: str, charge: str | None = None) -> Rec:
    return rec("Receipt", order_id="o1", status=Member("Status", status), charge_id=charge)


# module, workflow, version, arguments, events, how the lines of the trace begin, the end
Case = tuple[str, str, int | None, list[Any], list[Event], list[str], Any]
CASES: dict[str, Case] = {
    "ping": ("ping_pong", "PingPong", None, [rec("Ping", text="hi")], [Done("answer", rec("Pong", text="hi", answered_by="bo"))],
             ["do answer hi", "log info bo answered hi"], rec("Pong", text="hi", answered_by="bo")),
    "order": ("orders", "ProcessOrder", 2, [ORDER], [Done("reserve_stock", "h"), Done("score_fraud", 0.1), Done("charge_card", "c7"), Done("send_receipt")],
              ["do reserve_stock", "do score_fraud", "do charge_card ann 5", "do send_receipt ann"], receipt("confirmed", "c7")),
    "order of version 1": ("orders", "ProcessOrder", 1, [ORDER], [Done("reserve_stock", "h"), Broke("charge_card", error("CardDeclined", "orders", code="51")), Done("release_stock")],
                           ["do reserve_stock", "do charge_card ann 5", "undo release_stock h", 'log warn order o1 rejected: CardDeclined(code: 51)'], receipt("rejected")),
    "order, fraud": ("orders", "ProcessOrder", 2, [ORDER], [Done("reserve_stock", "h"), Done("score_fraud", 0.95), Done("release_stock")],
                     ["do reserve_stock", "do score_fraud", "undo release_stock h", "log warn order o1 rejected: FraudSuspected(score: 0.95)"], receipt("rejected")),
    "order, out of stock": ("orders", "ProcessOrder", 2, [ORDER], [Broke("reserve_stock", error("OutOfStock", "orders", sku="a"))],
                            ["do reserve_stock", "log warn order o1 rejected"], receipt("rejected")),
    "order, charge times out": ("orders", "ProcessOrder", 2, [ORDER], [Done("reserve_stock", "h"), Done("score_fraud", 0.1), Broke("charge_card", gave_up("charge_card")), Done("release_stock")],
                                ["do reserve_stock", "do score_fraud", "do charge_card", "undo release_stock h"], failed(gave_up("charge_card"))),
    "order, cancelled": ("orders", "ProcessOrder", 2, [ORDER], [Done("reserve_stock", "h"), Cancel("x"), Done("release_stock")],
                         ["do reserve_stock", "do score_fraud", "cancel score_fraud", "undo release_stock h"], Outcome("cancelled", rec("Cancelled", reason="x"))),
    "approval, second asked": ("approval", "ApproveExpense", None, [EXPENSE],
                               [Done("hold_budget", "h"), Done("notify"), Fire(), Done("notify"), Arrive("decide", error("Approve", "approval", by="cy")), Done("pay", "p1")],
                               ["do hold_budget", "do notify bo", "do notify cy", "log info approved by cy", "do pay"], "p1"),
    "approval, withdrawn": ("approval", "ApproveExpense", None, [EXPENSE], [Done("hold_budget", "h"), Arrive("withdraw"), Done("notify"), Done("free_budget"), Done("notify")],
                            ["do hold_budget", "do notify bo", "undo free_budget h", "do notify ann Declined: withdrawn by ann"], failed(rec("Declined", reason="withdrawn by ann"))),
    "nightly, then the next day": ("nightly", "Nightly", None, [rec("Source", name="s", bucket="b"), "mon"],
                                   [Done("list_parts", [rec("Part", name="p1", size_mb=1), rec("Part", name="p2", size_mb=1)]), Done("fetch_schema", rec("Schema", table="t", columns=[])),
                                    Done("fx_rates", rec("Rates", day="mon", to_eur={})), Done(5, "s2"), Done("transform", "s1"),
                                    Done("load", rec("Loaded", part="p2", rows=90, bad=0)), Done("load", rec("Loaded", part="p1", rows=10, bad=1)), Done("publish"), Fire(), Done("next_day", "tue")],
                                   ["do fetch_schema", "do list_parts", "do fx_rates", "do transform", "do transform", "do load mon", "do load mon", "do publish mon 100", "log info published 100 rows for mon in 0s", "do next_day"],
                                   Outcome("continued", (rec("Source", name="s", bucket="b"), "tue"))),
    "nightly, too many bad rows": ("nightly", "Nightly", None, [rec("Source", name="s", bucket="b"), "mon"],
                                   [Done("list_parts", [rec("Part", name="p1", size_mb=1)]), Done("fetch_schema", rec("Schema", table="t", columns=[])), Done("fx_rates", rec("Rates", day="mon", to_eur={})),
                                    Done("transform", "s1"), Done("load", rec("Loaded", part="p1", rows=10, bad=1))],
                                   ["do fetch_schema", "do list_parts", "do fx_rates", "do transform", "do load mon"], failed(rec("TooManyBadRows", bad=1, rows=10))),
    "page": ("aggregate", "CustomerPage", None, ["c"],
             [Done("fetch_invoices", [rec("Invoice", number="1", amount=Decimal(3), due=START - HALF_HOUR)]), Done("fetch_profile", rec("Profile", name="ann", segment="gold")), Done("fetch_offers", ["x"]),
              Done("fetch_tickets", [rec("Ticket", subject="help", urgent=True)])],
             ["do fetch_profile c", "do fetch_invoices c", "do fetch_tickets c", "do fetch_offers gold"],
             rec("Page", customer="ann", owed=Decimal(3), overdue=["1"], urgent=["help"], offers=["x"])),
    "page, patient": ("aggregate", "PatientPage", None, ["c"], [Broke("fetch_profile", error("NoSuchCustomer", "aggregate", id="c")), Done("fetch_invoices", []), Broke("fetch_tickets", gave_up("fetch_tickets"))],
                      ["do fetch_profile c", "do fetch_invoices c", "do fetch_tickets c"], rec("Page", customer="c (NoSuchCustomer)", owed=Decimal(0), overdue=[], urgent=[], offers=[])),
    "suppliers": ("aggregate", "AskSuppliers", None, ["bolt", ["x", "y"]], [Broke(1, gave_up("ask_quote")), Done(2, rec("Quote", supplier="y", price=Decimal(4)))],
                  ["do ask_quote x bolt", "do ask_quote y bolt"],
                  rec("Quotes", best=rec("Quote", supplier="y", price=Decimal(4)), answered=1, silent=['x: ActivityFailed(activity: ask_quote, detail: timeout, attempts: 3)'])),
    "counter": ("counter", "Counter", None, [], [], [], 1000),
    "measured": ("counter", "MeasuredCounter", None, [2], [Done("measure", 4), Done("measure", 5)], ["do measure 1", "do measure 2"], 9),
    "trip": ("saga_trip", "BookTrip", None, [REQUEST], [Done("book_flight", "f"), Done("book_room", "r"), Broke("book_car", error("NoCar", "saga_trip", city="B")), Done("cancel_room"), Done("cancel_flight")],
             ["do book_flight", "do book_room", "do book_car", "undo cancel_room r", "undo cancel_flight f", "log info booking r is over after 2 bookings"], failed(rec("Unavailable", reason='NoCar(city: B)'))),
    "subscription, a month": ("subscription", "Subscription", None, ["ann", Member("Plan", "basic")], [Done("welcome"), Arrive("change_plan", Member("Plan", "premium")), Done("charge", "c"), Done("say"), Fire()],
                              ["do welcome ann basic", "do charge ann 4.99 1", "log info month 1 paid: c", "do say ann From next month you are on premium."], Outcome("continued", ("ann", Member("Plan", "premium"), 2))),
    "subscription, ended": ("subscription", "Subscription", None, ["ann", Member("Plan", "family"), 3], [Broke("charge", error("CardDeclined", "subscription", code="51")), Done("say"), Arrive("cancel", "enough"), Done("say")],
                            ["do charge ann 8.99 3", "do say ann Your card", "do say ann Goodbye after 3 months."], rec("Summary", customer="ann", months=3, reason="enough")),
    "fulfil": ("parent", "Fulfil", None, [rec("Order", id="o", customer="ann", address="x", lines=[rec("Line", sku="a", qty=1)])],
               [Done("Pack", rec("Parcel", id="p", weight=Decimal("1.5"))), Done("label_parcel", "crate"), Fire(), Ended(1, "ann")],
               ["do Pack o", "log info 1 parcels, 1.5 kg", "do label_parcel o", "spawn 1 Deliver crate x deliver-o", "spawn 2 Survey ann survey-o", "send 1 chase two days are over"], rec("Delivery", order="o", parcels=1, signed_by="ann")),
    "deliver": ("parent", "Deliver", None, ["p", "x"], [Done("hand_over", "t"), Arrive("chase", "now"), Done("hurry"), Done("track", None), Fire(), Done("track", "ann")],
                ["do hand_over p x", "do hurry t now", "do track t", "log debug looking for t", "do track t"], "ann"),
    "pack": ("parent", "Pack", None, ["o", rec("Line", sku="a", qty=1)], [Done("pick", 2), Done("label_parcel", "p")], ["do pick", "do label_parcel o"], rec("Parcel", id="p", weight=Decimal(2))),
    "survey": ("parent", "Survey", None, ["ann"], [Fire(), Done("ask_opinion")], ["do ask_opinion ann"], None),
    "payment": ("payment", "Pay", None, [PAYMENT], [Done("authorize", "a"), Done("capture", "c"), Fire()], ["do authorize", "do capture a 5"], rec("Settled", payment_id="p", capture="c", state=Member("State", "paid"))),
    "payment, a node died": ("payment", "Pay", None, [PAYMENT], [Done("authorize", "a"), Broke("capture", rec("Interrupted", activity="capture")), Fire(), Done("find_capture", None), Done("void")],
                             ["do authorize", "do capture a 5", "do find_capture a", "undo void a"], failed(rec("NotCaptured", authorization="a"))),
    "payment, given back": ("payment", "Pay", None, [PAYMENT], [Done("authorize", "a"), Done("capture", "c"), Arrive("give_back", "broken"), Done("refund")],
                            ["do authorize", "do capture", "do refund c 5 broken"], rec("Settled", payment_id="p", capture="c", state=Member("State", "refunded"))),
    "geocode": ("geocode", "Geocode", None, ["x"], [Done("ask_gazette", rec("Point", lat=1.0, lon=2.0))], ["do ask_atlas x", "do ask_gazette x", "cancel ask_atlas"], rec("Place", at=rec("Point", lat=1.0, lon=2.0), found_by="gazette")),
    "geocode, nobody": ("geocode", "Geocode", None, ["x"], [Fire(), Done("ask_archive", None)], ["do ask_atlas x", "do ask_gazette x", "cancel ask_atlas", "cancel ask_gazette", "log warn nobody knows x", "do ask_archive x"], failed(rec("NotFound", address="x"))),
    "reminder": ("reminder", "Reminder", None, [rec("Invoice", number="1", customer="c", amount=Decimal(1), due=START + HALF_HOUR)], [Fire(), Fire(), Done("remind"), Arrive("paid", "ref")],
                 ["do remind", "log info 1 was paid: ref"], Member("Ending", "paid")),
    "reminder, never": ("reminder", "Reminder", None, [rec("Invoice", number="1", customer="c", amount=Decimal(1), due=START)], [Fire(), Fire(), Done("remind"), Fire(), Done("remind"), Fire(), Done("remind"), Fire(), Done("collect")],
                        ["do remind", "do remind", "do remind", "do collect"], Member("Ending", "collected")),
    "restock": ("restock", "Restock", None, [ITEM, 8], [Fire(), Done("count_stock", 1), Done("order_more", START + HALF_HOUR), Fire(), Done("count_stock", 1), Fire(), Done("count_stock", 9)],
                ["do count_stock a", "log debug 1 of a are left", "do order_more", "do count_stock a", "log warn day 1", "do count_stock a"], rec("Stock", sku="a", left=9, wanted=8)),
    "restock, nothing is wanted": ("restock", "Restock", None, [ITEM, 0], [], [], Outcome("faulted", "assert: nothing is wanted of a")),
    "vote": ("vote", "Vote", None, ["m", ["a", "b"], 2], [Done("invite"), Arrive("cast", rec("Ballot", voter="x", choice=Member("Choice", "no"))), Done("invite"), Arrive("cast", rec("Ballot", voter="b", choice=Member("Choice", "yes"))),
             Arrive("cast", rec("Ballot", voter="a", choice=Member("Choice", "yes"))), Done("announce")],
             ["do invite a", "do invite b", "log warn x may not vote", "do announce"], rec("Result", motion="m", verdict=Member("Verdict", "accepted"), tally={Member("Choice", "yes"): 2})),
    "vote, nobody": ("vote", "Vote", None, ["m", ["a"], 2], [Done("invite"), Fire(), Done("announce")], ["do invite a", "do announce"], rec("Result", motion="m", verdict=Member("Verdict", "no_quorum"), tally={})),
    "invoice": ("invoice", "WriteInvoice", None, [rec("Sale", number="1", buyer=error("Person", "invoice", name="ann"), country="DE", items=[ITEM, ITEM], speed=Member("Speed", "slow"))], [Done("number_of_sale", "n7"), Done("archive")],
                ["do number_of_sale", "do archive", "log info n7 for ann: 15.35"], rec("Invoice", number="n7", lines=["a × 4"], net=Decimal("12.9"), vat=Decimal("2.45"), gross=Decimal("15.35"))),
    "invoice, elsewhere": ("invoice", "WriteInvoice", None, [rec("Sale", number="1", buyer=error("Person", "invoice", name="ann"), country="XX", items=[], speed=Member("Speed", "slow"))], [], [], failed(rec("NotSoldThere", country="XX"))),
    "onboarding": ("onboarding", "Onboard", None, [rec("Person", name="ann", email="@", invited_by="bo")], [Done("create_account", rec("Account", id="1", email="@")), Done("send_mail"), Fire(), Done("send_mail"), Arrive("confirm"), Done("send_mail"), Done("give_credit")],
                   ["do create_account", "do send_mail @ Please", "do send_mail @ Your account", "do send_mail @ Welcome", "do give_credit bo 5"], rec("Account", id="1", email="@")),
    "onboarding, never confirmed": ("onboarding", "Onboard", None, [rec("Person", name="ann", email="@", invited_by=None)], [Done("create_account", rec("Account", id="1", email="@")), Done("send_mail"), Fire(), Done("send_mail"), Fire(), Done("remove_account")],
                                    ["do create_account", "do send_mail @", "do send_mail @", "undo remove_account"], failed(rec("NeverConfirmed", email="@"))),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_example(name: str) -> None:
    module, workflow, version, args, events, begins, end = CASES[name]
    run = Run(PROGRAM, module, workflow, args, version)
    for event in events:
        run.deliver(event)
    lines = [line(entry) for entry in run.trace]
    assert len(lines) == len(begins), lines
    assert all(got.startswith(want) for got, want in zip(lines, begins, strict=True)), lines
    assert ended(run) == end


def test_queries_of_a_running_vote() -> None:
    run = Run(PROGRAM, "vote", "Vote", ["m", ["a", "b"], 2])
    assert run.query("still_missing") == ["a", "b"]
    assert run.query("still_missing", 1) == ["a"]


WORKFLOWS = [
    (module, name, number)
    for module, facts in PROGRAM.modules.items()
    for name, meaning in facts.interface.names.items()
    if isinstance(meaning, Workflow)
    for number in meaning.versions
]


@pytest.mark.parametrize(("module", "name", "version"), WORKFLOWS)
def test_example_ends_whatever_happens(module: str, name: str, version: int) -> None:
    assert any(case[:2] == (module, name) for case in CASES.values())
    meaning = PROGRAM.modules[module].interface.names[name]
    assert isinstance(meaning, Workflow)
    for seed in range(20):
        source = random.Random(seed)
        args = {field: value_of(source, param.type) for field, param in meaning.versions[version].params.items()}
        run, script = Run(PROGRAM, module, name, args, version), Script(seed, cancels=0.05)
        for _ in range(400):
            event = None if run.outcome else script.next(run.pending(), run.version_.signals, run.children())
            if event is None:
                break
            run.deliver(event)
        assert run.outcome is not None or run.pending(), (seed, run.trace)
