"""lineage_audit with OpenLineage's client: judged by what the receiver has, and by an auditor's ten questions."""
import json
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request

import servers
from scenario import DAGS, environment, kill, wait_until

DAY = "2026-01-05"


def main(s):
    process = s.begin("--interval", DAY, "-p", "actor=ada", "--run-id", "first")
    wait_until(lambda: (s.data / "events").exists() or process.poll() is not None)
    s.check("killed while it tells", process.poll() is None)
    kill(process)
    s.resume()
    events = received(s)
    s.equal("after the kill the receiver has each event once", sorted(
        (event["job"]["name"].rpartition(".")[2], event["eventType"]) for event in events),
        [(job, kind) for job in ("load_orders", "load_rates", "revenue") for kind in ("COMPLETE", "START")])
    s.run("--interval", DAY, "-p", "actor=ben")
    s.equal("the same work again adds no event", received(s) == events, True)
    s.equal("and no row of the audit", ask(s, "intact")["rows"], 3)
    with servers.running("openlineage", s.data / "servers" / "openlineage") as (_, port):
        for what, wrong in (("without a job", {**events[0], "job": None}), ("in a state that is none", {
                **events[0], "eventType": "DONE"}), ("of no run", {**events[0], "run": {"runId": "first"}})):
            s.equal(f"an event {what} is refused", post(port, wrong), 400)
        s.equal("one that is as it should be is not", post(port, events[0]), 201)

    links = {}
    for event in events:
        for output in event["outputs"]:
            for column, found in output["facets"]["columnLineage"]["fields"].items():
                links.setdefault(short(output["name"], column), set()).update(
                    short(source["name"], source["field"]) for source in found["inputFields"])
    s.equal("what one event has written another has read, by the same name", {"orders.csv", "rates_clean.csv"}, {
        output["name"] for event in events for output in event["outputs"]} & {
        source["name"] for event in events for source in event["inputs"]})
    s.equal("lineage: as the auditor is told, as the receiver knows it", ask(s, "lineage", "revenue.tax")["made_of"],
            sorted(back(links, "revenue.tax")))
    s.equal("impact", ask(s, "impact", "shop.csv.amount")["changes"], sorted(
        column for column in links if "shop.csv.amount" in back(links, column)))
    s.equal("who", ask(s, "who", "revenue.csv", DAY)["made_by"], [["ada", "first"]])
    code = ask(s, "code", "revenue.csv", DAY)
    s.equal("code", code["code"], [code["today"]])
    read = ask(s, "inputs", "orders.csv", DAY)["reads"][0]["shop.csv"]
    s.equal("inputs and readers", ask(s, "readers", read)["used_by"], [f"load_orders {DAY}"])
    s.equal("versions", len(ask(s, "versions", "revenue.csv", DAY)["results"]), 1)
    s.equal("refused", ask(s, "refused", DAY)["refused"], ["refused orders: 7"])
    s.equal("changed: no", ask(s, "changed", "revenue.csv", DAY)["changed"], False)
    file = s.data / "data" / f"dt={DAY}" / "revenue.csv"
    whole = file.read_text()
    file.write_text(whole.replace("DE", "DK"))
    s.equal("changed: yes", ask(s, "changed", "revenue.csv", DAY)["changed"], True)
    file.write_text(whole)
    db = sqlite3.connect(s.data / "store.sqlite")
    with db:
        db.execute("UPDATE audit SET actor = 'eve' WHERE number = 2")
    db.close()
    s.check("intact: a changed row of the audit is detected", "row 2 of the audit" in by_hand(s, "intact").stderr)
    s.rows(sum(len(path.read_text().splitlines()) - 1 for path in file.parent.glob("*s*.csv")), len(events))


def short(name, column):
    """A column as the auditor calls it."""
    return f"{({'orders.csv': 'orders', 'rates_clean.csv': 'rates', 'revenue.csv': 'revenue'}).get(name, name)}.{column}"


def back(links, column):
    return {found for source in links.get(column, ()) for found in ({source} | back(links, source))}


def received(s):
    with servers.running("openlineage", s.data / "servers" / "openlineage") as (_, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/events", timeout=30) as answer:
            return json.load(answer)


def post(port, event):
    try:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/lineage", json.dumps(event).encode())
        return urllib.request.urlopen(request, timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code


def ask(s, *words):
    said = by_hand(s, *words).stdout
    return json.loads(said[said.index("{"):])


def by_hand(s, *words):
    return subprocess.run([sys.executable, "-m", "lineage_audit.ask", *words], cwd=DAGS, text=True,
                          capture_output=True, env={**environment(), "DATA": str(s.data), "DAY": DAY})
