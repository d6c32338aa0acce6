"""Months of loans, made up: the same on every machine. From the month of the shift on, people earn otherwise."""
import math
import random

SHIFT = "2026-04"


def month(name, rows=400):
    """Rows of (income, debt, late payments, defaulted)."""
    chance = random.Random(f"mlops {name}")
    shifted = name >= SHIFT
    loans = []
    for _ in range(rows):
        income, debt = chance.gauss(1.5 if shifted else 0, 1), chance.gauss(0, 1)
        late = chance.choice([0, 0, 0, 1, 2])
        risk = (1.2 if shifted else -1.4) * income + 1.6 * debt + 0.9 * late - 0.8
        loans.append([round(income, 4), round(debt, 4), late, int(chance.random() < 1 / (1 + math.exp(-risk)))])
    return loans
