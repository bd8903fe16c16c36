"""The numbers of invoices, and where they are kept. Everything else about an invoice is computed by the workflow."""

import raftoral
from invoice import Invoice, Sale

ARCHIVE: dict[str, Invoice] = {}


def number_of_sale(sale: Sale) -> str:
    return f"2026-{sale.number}"


def archive(invoice: Invoice) -> None:
    """Writing the same twice does no harm; here the key is the number itself."""
    ARCHIVE[raftoral.activity().key] = invoice
