"""The bank's ledger, made up: double entries in cents, and the control totals that the ledger itself gives out."""
import collections
import random

ACCOUNTS = ["cash", "deposits", "fees", "interest", "loans"]


def postings(day, count=40):
    """Entries (number, debit account, credit account, cents) of a day; the same on every machine."""
    chance = random.Random(f"bank {day}")
    for n in range(count):
        debit, credit = chance.sample(ACCOUNTS, 2)
        yield n, debit, credit, chance.choice([chance.randrange(1, 100), chance.randrange(1, 10 ** 9)])


def control_totals(day):
    """account → (debits, credits), as the ledger says at the end of the day."""
    debits, credits = collections.Counter(), collections.Counter()
    for _, debit, credit, cents in postings(day):
        debits[debit] += cents
        credits[credit] += cents
    return {account: (debits[account], credits[account]) for account in ACCOUNTS}
