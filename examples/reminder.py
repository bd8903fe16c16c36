"""The post, and a company that collects debts. Both only say what they do."""

import raftoral
from reminder import Invoice


def remind(invoice: Invoice, number: int) -> None:
    raftoral.activity().log.info("reminder %s for %s: %s", number, invoice.customer, invoice.amount)


def collect(invoice: Invoice) -> None:
    raftoral.activity().log.info("somebody will visit %s", invoice.customer)
