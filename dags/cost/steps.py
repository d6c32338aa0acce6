"""The programs of cost.dag.yaml: work that is measured in units, machines that may be taken away, and a bill.

A unit on a machine of one's own costs 10 cents, on a preemptible one 3. What was done before a machine went is kept
and paid for once; the rest is done by the next try.
"""
import json
import os
import pathlib

import task

SCHEMA = """
CREATE TABLE IF NOT EXISTS spend (job TEXT, input TEXT, first INTEGER, day TEXT, owner TEXT, tier TEXT, units INTEGER,
                                  cents INTEGER, PRIMARY KEY (job, input, first)) WITHOUT ROWID;
"""
PRICE_CENTS = {"own": 10, "preemptible": 3}
JOBS = json.loads(pathlib.Path(__file__).with_name("jobs.json").read_text())
DEADLINE_UNITS = 90   # by then what is urgent must be done: 30 units of its own, and what came between


def plan():
    """The jobs of the day, each with the name of its input: the same input, the same answer."""
    day = int(os.environ["DAY"].replace("-", ""))
    jobs = [{"name": job["name"], "input": task.sha256(job["name"], day // job["input_changes_every_days"])}
            for job in JOBS]
    urgent = {job["name"] for job in JOBS if job["urgent"]}
    return {"urgent": [job for job in jobs if job["name"] in urgent],
            "routine": [job for job in jobs if job["name"] not in urgent]}


def work(name, input_):
    """One try. A preemptible machine may be taken away: exit 75, and the next try goes on where this one was."""
    job = next(job for job in JOBS if job["name"] == name)
    with task.transaction(SCHEMA) as db:
        done = db.execute("SELECT coalesce(sum(units), 0) FROM spend WHERE job = ? AND input = ?",
                          (name, input_)).fetchone()[0]
        # One that is urgent and has lost a machine already does not try its luck again.
        tier = "own" if job["urgent"] and done else "preemptible"
        left = job["units"] - done
        lives = 5 + int(task.unit("preempted", name, input_, done) * 60) if tier == "preemptible" else left
        units = min(left, lives)
        if units:
            db.execute("INSERT INTO spend VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (
                name, input_, done, os.environ["DAY"], job["owner"], tier, units, units * PRICE_CENTS[tier]))
    if units < left:
        task.fail(f"the machine was taken away after {units} of {left} units", task.EXIT_TRANSIENT)
    return {"answer": task.sha256("answer", name, input_)}


def deadline():
    """What is urgent was done in time, by the clock of the machine: the units that it has worked today."""
    verdict = task.path("deadlines", f"{os.environ['DAY']}.json")
    if verdict.exists():
        return json.loads(verdict.read_text())
    with task.transaction(SCHEMA) as db:
        clock = db.execute("SELECT coalesce(sum(units), 0) FROM spend WHERE day = ?", (os.environ["DAY"],)).fetchone()[0]
    print(f"done at {clock} units, the deadline is {DEADLINE_UNITS}")
    if clock > DEADLINE_UNITS:
        task.fail("what is urgent came too late")
    task.write_json(verdict, {"kept": True})
    return {"kept": True}


def bill():
    """To each owner what was spent, beside what the same answers cost without a cache on machines of one's own."""
    with task.transaction(SCHEMA) as db:
        paid = dict(db.execute("SELECT owner, sum(cents) FROM spend WHERE day = ? GROUP BY owner",
                               (os.environ["DAY"],)).fetchall())
    owners = sorted({job["owner"] for job in JOBS})
    lines = {owner: {"paid": paid.get(owner, 0), "list": PRICE_CENTS["own"] * sum(
        job["units"] for job in JOBS if job["owner"] == owner)} for owner in owners}
    task.write_json(task.path("bills", f"{os.environ['DAY']}.json"), lines)
    print("\n".join(f"{owner:10} {line['paid']:5} cents, at list price {line['list']:5}"
                    for owner, line in lines.items()))
    return {"paid": sum(line["paid"] for line in lines.values()), "list": sum(line["list"] for line in lines.values())}


if __name__ == "__main__":
    task.main(plan, work, deadline, bill)
