"""Three sources, made up: a database with its change log, files, and an API with pages. The same on every machine."""
import json

import task

CUSTOMERS = 900


def orders():
    """The change log of a database: (lsn, operation, customer, row). It says things twice and deletes, as they do."""
    log = []
    for n in range(CUSTOMERS):
        log.append(("insert", f"c{n:04}", {"spend_cents": int(task.unit("spend", n) * 90000)}))
        if task.unit("update", n) < 0.3:
            log.append(("update", f"c{n:04}", {"spend_cents": int(task.unit("spend again", n) * 90000)}))
        if task.unit("delete", n) < 0.02:
            log.append(("delete", f"c{n:04}", None))
    numbered = [(lsn, *change) for lsn, change in enumerate(log, 1)]
    return numbered + numbered[-20:]  # at least once: the tail comes again


def tickets():
    """A file of CSV, a line for each month that a customer wrote to us; 1 to 4 lines each."""
    lines = ["customer,month,tickets"]
    for n in range(CUSTOMERS):
        lines += [f"c{n:04},2025-{9 + month:02},{int(task.unit('tickets', n, month) * 6)}"
                  for month in range(1 + int(task.unit("months", n) * 4) % 4)]
    return "\n".join(lines) + "\n"


def profiles():
    """The pages of an API. One in eight has left: the label, and the imbalance."""
    people = [{"customer": f"c{n:04}", "region": ["eu", "us", "apac"][int(task.unit("region", n) * 3)],
               "left": task.unit("left", n) < 0.125} for n in range(CUSTOMERS)]
    pages = [people[first:first + 100] for first in range(0, CUSTOMERS, 100)]
    return [json.dumps({"page": number, "items": items}) for number, items in enumerate(pages)]
