"""The programs of training_data.dag.yaml: sources to snapshots, snapshots to a versioned set.

A version is named by the content that it was made from. The same version has the same bytes wherever it is made.
"""
import collections
import csv
import io
import json
import os

import task
from training_data import sources

SPLITS = {"train": 0.70, "validation": 0.15, "test": 0.15}
FOLDS = 5
COLUMNS = ["customer", "month", "region", "spend_cents", "tickets", "left", "fold", "weight", "made_up"]


def extract(source):
    """A snapshot of one source. What breaks its contract is set aside, and the last good snapshot stands."""
    raw = {"orders": sources.orders, "tickets": sources.tickets, "profiles": sources.profiles}[source]()
    if os.environ.get("BROKEN") == source:
        raw = json.loads(json.dumps(raw).replace("customer", "client").replace('"c0', '"?0'))
    try:
        snapshot = {"orders": apply_changes, "tickets": read_tickets, "profiles": read_profiles}[source](raw)
    except (KeyError, ValueError) as error:
        task.write_json(task.path("quarantine", f"{source}.json"), raw)
        task.fail(f"{source} breaks its contract ({error!r}) and is in quarantine")
    task.path("quarantine", f"{source}.json").unlink(missing_ok=True)
    task.write_json(task.path("sources", f"{source}.json"), snapshot)
    return {"rows": len(snapshot)}


def apply_changes(log):
    """The table as the log leaves it. Each change counts once, in the order of its number, however often it came."""
    table = {}
    for _, operation, customer, row in sorted({change[0]: change for change in log}.values(), key=lambda c: c[0]):
        if not customer.startswith("c"):
            raise ValueError(f"{customer} is no customer")
        if operation == "delete":
            table.pop(customer, None)
        else:
            table[customer] = row["spend_cents"]
    return table


def read_tickets(text):
    return [[row["customer"], row["month"], int(row["tickets"])] for row in csv.DictReader(io.StringIO(text))]


def read_profiles(pages):
    people = [person for page in pages for person in json.loads(page)["items"]]
    return {person["customer"]: [person["region"], bool(person["left"])] for person in people}


def build():
    """Joins what there is, splits it, balances the training part and names it by its content."""
    snapshots, missing = {}, []
    for source in ("orders", "tickets", "profiles"):
        file = task.path("sources", f"{source}.json")
        if file.exists():
            snapshots[source] = json.loads(file.read_text())
        else:
            missing.append(source)
    if not {"tickets", "profiles"} <= set(snapshots):
        task.fail(f"no label or no rows without {', '.join(missing)}")
    version = task.sha256(json.dumps(snapshots, sort_keys=True), os.environ["SEED"], json.dumps(SPLITS), FOLDS)
    rows = [[customer, month, *snapshots["profiles"][customer], snapshots.get("orders", {}).get(customer), count]
            for customer, month, count in sorted(snapshots["tickets"])]
    parts = split(rows)
    for name, part in parts.items():
        lines = [line(row, "", "1", 0) for row in part]
        if name == "train":
            lines = balance(part)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([COLUMNS, *lines])
        task.write(task.path("versions", version, f"{name}.csv"), text.getvalue())
    task.write_json(task.path("versions", version, "manifest.json"), {
        "missing": missing, "seed": os.environ["SEED"],
        "sources": {name: task.sha256(json.dumps(snapshot, sort_keys=True)) for name, snapshot in snapshots.items()},
        "files": {name: task.sha256(task.path("versions", version, f"{name}.csv").read_bytes()) for name in parts}})
    return {"version": version, "missing": missing}


def line(row, fold, weight, made_up):
    customer, month, region, left, spend, count = row
    return [customer, month, region, spend, count, int(left), fold, weight, made_up]


def split(rows):
    """All rows of a customer go to one part. Within each class the part goes first that lacks most of its share."""
    by_class = {True: collections.defaultdict(list), False: collections.defaultdict(list)}
    for row in rows:
        by_class[row[3]][row[0]].append(row)
    parts = {name: [] for name in SPLITS}
    for customers in by_class.values():
        total, got = sum(map(len, customers.values())), dict.fromkeys(SPLITS, 0)
        for customer in sorted(customers, key=lambda customer: task.sha256(os.environ["SEED"], customer)):
            name = max(SPLITS, key=lambda name: SPLITS[name] * total - got[name])
            parts[name] += customers[customer]
            got[name] += len(customers[customer])
    return {name: sorted(part, key=lambda row: row[:2]) for name, part in parts.items()}


def balance(part):
    """Folds by customer, weights against the imbalance, and for the rare class a second, slightly other row."""
    left = sum(row[3] for row in part)
    weight = {True: f"{len(part) / (4 * left):.4f}", False: f"{len(part) / (2 * (len(part) - left)):.4f}"}
    lines = []
    for row in part:
        fold = int(task.unit("fold", os.environ["SEED"], row[0]) * FOLDS)
        lines.append(line(row, fold, weight[row[3]], 0))
        if row[3]:
            spend = row[4] and int(row[4] * (0.95 + 0.1 * task.unit("jitter", row[0], row[1])))
            lines.append(line([*row[:4], spend, row[5]], fold, weight[True], 1))
    return lines


def verify(version):
    """What a training set must promise; one that does not is never published."""
    folder = task.path("versions", version)
    manifest = json.loads((folder / "manifest.json").read_text())
    parts = {name: list(csv.DictReader(io.StringIO((folder / f"{name}.csv").read_text()))) for name in SPLITS}
    whose = {name: {row["customer"] for row in part} for name, part in parts.items()}
    if len(set.union(*whose.values())) != sum(map(len, whose.values())):
        task.fail("a customer is in two splits")
    folds = collections.defaultdict(set)
    for row in parts["train"]:
        folds[row["customer"]].add(row["fold"])
    if any(len(of) != 1 for of in folds.values()):
        task.fail("a customer is in two folds")
    ratios = {name: ratio([row for row in part if row["made_up"] == "0"]) for name, part in parts.items()}
    if max(ratios.values()) - min(ratios.values()) > 0.01:
        task.fail(f"class ratios differ by more than 1 %: {ratios}")
    if any(row["made_up"] == "1" for name in ("validation", "test") for row in parts[name]):
        task.fail("made-up rows outside of training")
    for name, digest in manifest["files"].items():
        if task.sha256((folder / f"{name}.csv").read_bytes()) != digest:
            task.fail(f"{name}.csv is not what the manifest says")
    return {"rows": sum(map(len, parts.values())), "ratio": ratios["train"]}


def ratio(rows):
    return round(sum(int(row["left"]) for row in rows) / len(rows), 4)


def publish(version):
    task.write_json(task.path("current.json"), {"version": version})


if __name__ == "__main__":
    task.main(extract, build, verify, publish)
