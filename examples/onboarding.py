"""A service with accounts, post and credit, in memory.

The address decides what happens:

    taken@example.com       AddressTaken
    lost@example.com        the post is returned twice: the mail is sent again until it arrives
    any other address       gets an account, and keeps it if it is confirmed in time (--signal confirm=)
"""

from decimal import Decimal

import raftoral
from onboarding import Account, AddressTaken, Person

ACCOUNTS = {"taken@example.com": Account(id="account-1", email="taken@example.com")}
CREDIT: dict[str, tuple[str, Decimal]] = {}


def create_account(person: Person) -> Account:
    """Asked twice for one address, because an answer was lost, it must not say that it is taken: the key tells."""
    if person.email == "taken@example.com":
        raise AddressTaken(email=person.email)
    key = raftoral.activity().key
    return ACCOUNTS.setdefault(key, Account(id=f"account-{len(ACCOUNTS) + 1}", email=person.email))


def remove_account(account: Account) -> None:
    """An undo is called until it succeeds, so it must not mind that the work is done already."""
    for key in [key for key, known in ACCOUNTS.items() if known == account]:
        del ACCOUNTS[key]
    raftoral.activity().log.info("%s is gone", account.id)


async def send_mail(to: str, subject: str) -> None:
    call = raftoral.activity()
    if to == "lost@example.com" and call.attempt < 3:
        raise ConnectionError("returned to sender")
    call.log.info("to %s: %s", to, subject)


async def give_credit(who: str, amount: Decimal) -> None:
    """Booked under its key: twice is once."""
    CREDIT[raftoral.activity().key] = (who, amount)
    raftoral.activity().log.info("%s for %s, who brought a friend", amount, who)
