"""The programs of lineage_audit.dag.yaml: a small chain of data sets, each step of which says what it read and wrote.

A step tells it twice: as OpenLineage events (files below `events/`, and posted to OPENLINEAGE_URL where one is set),
and as a row of the audit, which holds the hash of the row before it.
"""
import csv
import io
import json
import os
import pathlib
import random
import urllib.request
import uuid

import task

SCHEMA = """
CREATE TABLE IF NOT EXISTS audit (number INTEGER PRIMARY KEY, job TEXT, day TEXT, run TEXT, actor TEXT, code TEXT,
                                  reads TEXT, writes TEXT, columns TEXT, note TEXT, before TEXT, hash TEXT);
"""
FIELDS = ["job", "day", "run", "actor", "code", "reads", "writes", "columns", "note"]

# output column → the input columns that it is made of
COLUMNS = {
    "load_orders": {"orders.order": ["shop.csv.order"], "orders.customer": ["shop.csv.customer"],
                    "orders.cents": ["shop.csv.amount"]},
    "load_rates": {"rates.country": ["rates.csv.country"], "rates.percent": ["rates.csv.percent"]},
    "revenue": {"revenue.country": ["orders.customer"], "revenue.net": ["orders.cents"],
                "revenue.tax": ["orders.cents", "rates.percent"]},
}
# A data set by the file that it lies in: events speak of it by one name, else no receiver could join them.
FILES = {"orders": "orders.csv", "rates": "rates_clean.csv"}


def deliver():
    """The two files that come from outside."""
    chance = random.Random(f"lineage {day()}")
    orders = [[n, f"{chance.choice(['DE', 'FR', 'US'])}-{chance.randrange(9)}",
               f"{chance.randrange(100, 9999) / 100:.2f}"] for n in range(60)]
    orders[7][2] = "n/a"
    task.write(file("shop.csv"), text([["order", "customer", "amount"], *orders]))
    task.write(file("rates.csv"), text([["country", "percent"], ["DE", 19], ["FR", 20], ["US", 0]]))


def load_orders():
    good, bad = [], []
    for row in rows("shop.csv"):
        whole, _, rest = row["amount"].partition(".")
        if whole.isdigit() and rest.isdigit():
            good.append([row["order"], row["customer"], int(whole) * 100 + int(rest)])
        else:
            bad.append(row["order"])
    task.write(file("orders.csv"), text([["order", "customer", "cents"], *good]))
    report("load_orders", ["shop.csv"], ["orders.csv"], f"refused orders: {', '.join(bad)}")


def load_rates():
    task.write(file("rates_clean.csv"), text([["country", "percent"], *([r["country"], r["percent"]]
                                                                       for r in rows("rates.csv"))]))
    report("load_rates", ["rates.csv"], ["rates_clean.csv"])


def revenue():
    percent = {row["country"]: int(row["percent"]) for row in rows("rates_clean.csv")}
    net = dict.fromkeys(sorted(percent), 0)
    for row in rows("orders.csv"):
        net[row["customer"][:2]] += int(row["cents"])
    made = [[country, cents, cents * percent[country] // 100] for country, cents in net.items()]
    task.write(file("revenue.csv"), text([["country", "net", "tax"], *made]))
    report("revenue", ["orders.csv", "rates_clean.csv"], ["revenue.csv"])


def report(job, reads, writes, note=""):
    """An event for the world and a row for the auditor; the same work again adds neither."""
    what = {"job": job, "day": day(), "run": os.environ["BATON_RUN_ID"], "actor": os.environ["ACTOR"],
            "code": task.sha256(pathlib.Path(__file__).read_bytes()), "reads": shas(reads), "writes": shas(writes),
            "columns": json.dumps(COLUMNS[job], sort_keys=True), "note": note}
    with task.transaction(SCHEMA) as db:
        known = db.execute("SELECT run FROM audit WHERE job = ? AND day = ? AND code = ? AND reads = ? AND writes = ?",
                           [what[key] for key in ("job", "day", "code", "reads", "writes")]).fetchone()
        if known:
            what["run"] = known["run"]
        else:
            last = db.execute("SELECT hash FROM audit ORDER BY number DESC LIMIT 1").fetchone()
            before = last["hash"] if last else ""
            values = [what[key] for key in FIELDS]
            db.execute(f"INSERT INTO audit ({', '.join(FIELDS)}, before, hash) VALUES ({'?, ' * len(FIELDS)}?, ?)",
                       [*values, before, task.sha256(*values, before)])
    for kind in ("START", "COMPLETE"):
        send(event(kind, what, reads, writes))


def event(kind, what, reads, writes):
    """OpenLineage 2-0-2; see openlineage.io/spec."""
    producer = "https://github.com/baton/dags/lineage_audit"
    fields = {output.partition(".")[2]: {"inputFields": [
        {"namespace": "baton", "name": FILES.get(name, name), "field": field}
        for name, _, field in (source.rpartition(".") for source in sources)]}
        for output, sources in json.loads(what["columns"]).items()}
    column_lineage = {"_producer": producer, "_schemaURL": "https://openlineage.io/spec/facets/1-2-0/"
                      "ColumnLineageDatasetFacet.json", "fields": fields}
    return {"eventType": kind, "eventTime": f"{what['day']}T00:00:00Z", "producer": producer,
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{what['run']} {what['job']}"))},
            "job": {"namespace": "baton", "name": f"lineage_audit.{what['job']}"},
            "inputs": [{"namespace": "baton", "name": name} for name in reads],
            "outputs": [{"namespace": "baton", "name": name, "facets": {"columnLineage": column_lineage}}
                        for name in writes]}


def send(told):
    """The file first: a receiver that is down loses nothing, and the task is tried again."""
    keep(told)
    if os.environ["OPENLINEAGE_URL"]:
        request = urllib.request.Request(os.environ["OPENLINEAGE_URL"], json.dumps(told).encode(),
                                         {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except OSError as error:
            task.fail(f"the receiver does not take the event: {error}", task.EXIT_TRANSIENT)


def keep(told):
    name = f"{told['eventTime'][:10]}-{told['job']['name']}-{told['eventType']}.json"
    task.write_json(task.path("events", name), told)


def verify():
    """Every row of the audit is the one that was written, and none is missing."""
    before = ""
    with task.transaction(SCHEMA) as db:
        for number, row in enumerate(db.execute("SELECT * FROM audit ORDER BY number").fetchall(), 1):
            if row["number"] != number or row["before"] != before or \
                    row["hash"] != task.sha256(*[row[field] for field in FIELDS], before):
                task.fail(f"row {number} of the audit is not what was written")
            before = row["hash"]
    return {"rows": number, "head": before}


def day():
    return os.environ["DAY"]


def file(name):
    return task.path("data", f"dt={day()}", name)


def shas(names):
    return json.dumps({name: task.sha256(file(name).read_bytes()) for name in names}, sort_keys=True)


def rows(name):
    return list(csv.DictReader(io.StringIO(file(name).read_text())))


def text(lines):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()


if __name__ == "__main__":
    task.main(deliver, load_orders, load_rates, revenue, verify)
