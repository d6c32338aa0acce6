"""The programs of bank.dag.yaml: entries, a report that is right to the cent or is none, two signatures, the books.

The audit table takes rows and never gives one back: triggers refuse UPDATE and DELETE, and each row holds the hash of
the row before it, so that a change made past the triggers shows.
"""
import json
import os
import sqlite3

import task
from bank import ledger

SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (day TEXT, number INTEGER, debit TEXT, credit TEXT, cents INTEGER,
                                  PRIMARY KEY (day, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit (step INTEGER PRIMARY KEY, what TEXT, who TEXT, sha TEXT, before TEXT, hash TEXT,
                                  UNIQUE (what, who, sha));
CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_not_deleted BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is never deleted'); END;
"""
EYES = 2


def enter():
    with task.transaction(SCHEMA) as db:
        for day in task.interval_days():
            db.execute("DELETE FROM entry WHERE day = ?", (day,))
            db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)",
                           [(day, *posting) for posting in ledger.postings(day)])


def reconcile():
    """Every account of every day against the ledger's own totals: one cent, and there is no report."""
    ours = {}
    with task.transaction(SCHEMA) as db:
        for day in task.interval_days():
            for account in ledger.ACCOUNTS:
                ours[day, account] = tuple(db.execute("""SELECT coalesce(sum((debit = ?1) * cents), 0),
                    coalesce(sum((credit = ?1) * cents), 0) FROM entry WHERE day = ?2""", (account, day)).fetchone())
    return draft_of(ours)


def draft_of(ours):
    """The report of the sums of debits and credits by day and account; what is not there is nothing. Whatever keeps the
    books, it is held against the ledger here."""
    differences, report = [], {}
    for day in task.interval_days():
        sums = {account: ours.get((day, account), (0, 0)) for account in ledger.ACCOUNTS}
        theirs = ledger.control_totals(day)
        differences += [f"{day} {account}: {sums[account]}, the ledger says {theirs[account]}"
                        for account in ledger.ACCOUNTS if sums[account] != theirs[account]]
        report[day] = {account: {"debits": euros(debits), "credits": euros(credits)}
                       for account, (debits, credits) in sums.items()}
    if differences:
        task.fail("; ".join(differences[:3]))
    text = json.dumps(report, indent=1, sort_keys=True)
    sha = task.sha256(text)
    task.write(task.path("drafts", f"{sha}.json"), text)
    return {"sha": sha, "accounts": len(ledger.ACCOUNTS) * len(report)}


def euros(cents):
    return f"{cents // 100}.{cents % 100:02}"


def sign(sha, person):
    """A signature is for this very report: another cent, another hash, and it is void."""
    if not task.path("drafts", f"{sha}.json").exists():
        task.fail(f"there is no draft {sha}")
    task.write_json(task.path("signatures", sha, f"{person}.json"), {"sha": sha, "by": person})


def signed(sha):
    """For the sensor: exit 0 once enough people have signed who did not prepare the report."""
    people = signers(sha)
    print(f"signed by {', '.join(people) or 'nobody'}; {EYES} are needed")
    if len(people) < EYES:
        raise SystemExit(1)


def signers(sha):
    found = {json.loads(file.read_text())["by"] for file in task.path("signatures", sha).glob("*.json")}
    return sorted(found - {os.environ["PREPARED_BY"]})


def publish(sha):
    people = signers(sha)
    if len(people) < EYES:
        task.fail(f"{sha} has {len(people)} signatures, {EYES} are needed")
    days = task.interval_days()
    with task.transaction(SCHEMA) as db:
        note(db, "prepared", os.environ["PREPARED_BY"], sha)
        for person in people:
            note(db, "approved", person, sha)
        note(db, f"published {days[0]} to {days[-1]}", "bank.dag.yaml", sha)
    task.write(task.path("reports", f"{days[0]}_{days[-1]}.json"), task.path("drafts", f"{sha}.json").read_bytes())


def note(db, what, who, sha):
    if not db.execute("SELECT 1 FROM audit WHERE what = ? AND who = ? AND sha = ?", (what, who, sha)).fetchone():
        last = db.execute("SELECT hash FROM audit ORDER BY step DESC LIMIT 1").fetchone()
        before = last["hash"] if last else ""
        db.execute("INSERT INTO audit (what, who, sha, before, hash) VALUES (?, ?, ?, ?, ?)",
                   (what, who, sha, before, task.sha256(what, who, sha, before)))


def audit():
    """Reads the books as an auditor does: the chain holds, and each published report is the one that was approved."""
    with task.transaction(SCHEMA) as db:
        check_chain(db)
        published = {row["sha"] for row in db.execute("SELECT sha FROM audit WHERE what LIKE 'published%'")}
    for file in task.path("reports").glob("*.json"):
        if task.sha256(file.read_bytes()) not in published:
            task.fail(f"{file.name} is not what was approved")
    return {"reports": len(published)}


def check_chain(db):
    check_rows(db.execute("SELECT * FROM audit ORDER BY step").fetchall())


def check_rows(rows):
    before = ""
    for row in rows:
        if row["before"] != before or row["hash"] != task.sha256(row["what"], row["who"], row["sha"], before):
            task.fail(f"audit row {row['step']} ({row['what']} by {row['who']}) is not what was written")
        before = row["hash"]


def back_up(place):
    """A whole copy under another name first: the copy of before stands until the new one does."""
    target = task.path("backups", place, "store.sqlite")
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".tmp")
    fresh.unlink(missing_ok=True)
    live, copy = sqlite3.connect(task.path("store.sqlite")), sqlite3.connect(fresh)
    live.backup(copy)
    copy.close()
    live.close()
    os.replace(fresh, target)


def drill():
    """A backup counts once it was restored: both copies give the live figures and an unbroken audit."""
    live = figures(task.path("store.sqlite"))
    for place in ("here", "elsewhere"):
        if figures(task.path("backups", place, "store.sqlite")) != live:
            task.fail(f"the backup {place} does not give the figures of today")
    return {"copies": 2, "entries": live[0]}


def figures(file):
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    check_chain(db)
    found = tuple(db.execute("SELECT count(*), coalesce(sum(cents), 0), (SELECT max(hash || step) FROM audit) "
                             "FROM entry").fetchone())
    db.close()
    return found


if __name__ == "__main__":
    task.main(enter, reconcile, sign, signed, publish, audit, back_up, drill)
