"""VAT as pure functions: the same arguments give the same answer, on every node and for ever."""

from decimal import Decimal

RATES = {
    "AT": (Decimal("0.20"), Decimal("0.10")),
    "DE": (Decimal("0.19"), Decimal("0.07")),
    "FR": (Decimal("0.20"), Decimal("0.055")),
}


def rate(country: str, reduced: bool) -> Decimal | None:
    """The rate of a country, or None for one that we do not sell to."""
    if country not in RATES:
        return None
    standard, lower = RATES[country]
    return lower if reduced else standard


def number_ok(code: str) -> bool:
    """Whether a German VAT number's check digit is right (ISO 7064, mod 11,10)."""
    if len(code) != 11 or code[:2] != "DE" or any(c not in "0123456789" for c in code[2:]):
        return False
    product = 10
    for digit in code[2:-1]:
        total = (int(digit) + product) % 10 or 10
        product = (2 * total) % 11
    return (11 - product) % 10 == int(code[-1])
