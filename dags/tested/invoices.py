"""What is tested: orders to invoices in cents, and invoices to turnover by country, in one SQLite file."""
import json
import os

import task

TAX_PERCENT = {"DE": 19, "FR": 20}  # elsewhere none is due
SCHEMA = """
CREATE TABLE IF NOT EXISTS invoice (day TEXT, number INTEGER, country TEXT, net INTEGER, tax INTEGER, gross INTEGER);
CREATE TABLE IF NOT EXISTS turnover (day TEXT, country TEXT, gross INTEGER);
"""


def tax(net, country):
    """In cents, rounded half away from zero, as the law wants it: a return gives back what a purchase took."""
    tenths = abs(net) * TAX_PERCENT.get(country, 0)
    rounded = (tenths + 50) // 100
    return rounded if net >= 0 else -rounded


def invoice(order):
    net = sum(count * cents for _, count, cents in order["lines"])
    due = tax(net, order["country"])
    return {"net": net, "tax": due, "gross": net + due}


def load(day, orders):
    """The day's invoices, in place of those that were there."""
    with task.transaction(SCHEMA) as db:
        db.execute("DELETE FROM invoice WHERE day = ?", (day,))
        for order in orders:
            made = invoice(order)
            db.execute("INSERT INTO invoice VALUES (?, ?, ?, ?, ?, ?)",
                       (day, order["order"], order["country"], made["net"], made["tax"], made["gross"]))
            crash_point(f"after order {order['order']}")


def sum_up(day):
    with task.transaction(SCHEMA) as db:
        db.execute("DELETE FROM turnover WHERE day = ?", (day,))
        db.execute("INSERT INTO turnover SELECT day, country, sum(gross) FROM invoice WHERE day = ? "
                   "GROUP BY country", (day,))
        crash_point("before the turnover is committed")


def crash_point(name):
    """Ends the process here, as kill -9 would, where a test asks for it."""
    if os.environ.get("CRASH_AT") == name:
        os._exit(137)


def result(day):
    with task.transaction(SCHEMA) as db:
        invoices = {str(row["number"]): {key: row[key] for key in ("net", "tax", "gross")} for row in
                    db.execute("SELECT * FROM invoice WHERE day = ? ORDER BY number", (day,))}
        count = db.execute("SELECT count(*) FROM invoice WHERE day = ?", (day,)).fetchone()[0]
        turnover = {row["country"]: row["gross"] for row in db.execute("SELECT * FROM turnover WHERE day = ?", (day,))}
    return {"invoices": invoices, "count": count, "turnover": turnover}


def run(day, orders_file):
    """The pipeline itself, for the levels of the tests that start it as a process."""
    load(day, json.loads(open(orders_file).read())["orders"])
    sum_up(day)


if __name__ == "__main__":
    task.main(run)
