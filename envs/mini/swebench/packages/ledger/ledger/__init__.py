"""ledger: accounts of a small bank, in whole cents."""

from ledger.bank import Bank, InsufficientFunds, UnknownAccount
from ledger.budget import Budget
from ledger.interest import compound, loan_payment, simple, tiered
from ledger.journal import Entry, Journal, UnbalancedEntry
from ledger.money import allocate, format_cents, parse_cents
from ledger.statement import Statement

__all__ = [
    "Bank",
    "Budget",
    "Entry",
    "InsufficientFunds",
    "Journal",
    "Statement",
    "UnbalancedEntry",
    "UnknownAccount",
    "allocate",
    "compound",
    "format_cents",
    "loan_payment",
    "parse_cents",
    "simple",
    "tiered",
]
