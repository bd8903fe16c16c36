"""Four services of a company, in memory, and suppliers outside of it.

Who is asked decides what happens:

    the customer ann                   has invoices, one of them overdue, and tickets
    the customer bob                   has tickets; the service for invoices is down when he is asked for
    any other customer                 NoSuchCustomer
    a supplier called silent...        never answers
    any other supplier                 asks a price that depends on its name and the part's
"""

from datetime import UTC, datetime
from decimal import Decimal

from aggregate import Invoice, NoSuchCustomer, Profile, Quote, Ticket

PROFILES = {"ann": Profile(name="Ann Arbor", segment="gold"), "bob": Profile(name="Bob Dylan", segment="plain")}
OFFERS = {"gold": ["a free desk"], "plain": []}
INVOICES = [
    Invoice(number="R-1", amount=Decimal("120.00"), due=datetime(2020, 1, 31, tzinfo=UTC)),
    Invoice(number="R-2", amount=Decimal("80.50"), due=datetime(2999, 1, 31, tzinfo=UTC)),
]


async def fetch_profile(id: str) -> Profile:
    if id not in PROFILES:
        raise NoSuchCustomer(id=id)
    return PROFILES[id]


async def fetch_invoices(id: str) -> list[Invoice]:
    if id == "bob":
        raise ConnectionError("connection refused")
    return INVOICES


async def fetch_tickets(id: str) -> list[Ticket]:
    return [Ticket(subject="It burns", urgent=True), Ticket(subject="Thank you", urgent=False)]


async def fetch_offers(segment: str) -> list[str]:
    return OFFERS[segment]


def ask_quote(supplier: str, part: str) -> Quote:
    """Asks over an old protocol that blocks: a function without `async` runs in a thread of its own."""
    if supplier.startswith("silent"):
        raise TimeoutError("no answer")
    return Quote(supplier=supplier, price=Decimal(len(supplier) * 100 + len(part)) / 10)
