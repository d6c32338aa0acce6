"""The programs of bank.dag.yaml on PostgreSQL: the same report, in books that the database itself keeps.

A server of the run's own keeps the cluster below $DATA/servers/postgres. Its owner makes the tables; the tasks work as
`bank_app`, which may add to the audit and read it, and nothing else. A trigger holds the owner to that too.
"""
import os
import subprocess

import psycopg
from psycopg.rows import dict_row

import servers
import task
from bank import ledger, report

SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (day date, number integer, debit text NOT NULL, credit text NOT NULL,
                                  cents bigint NOT NULL CHECK (cents > 0), PRIMARY KEY (day, number));
CREATE TABLE IF NOT EXISTS audit (step integer PRIMARY KEY, what text NOT NULL, who text NOT NULL, sha text NOT NULL,
                                  before text NOT NULL, hash text NOT NULL, UNIQUE (what, who, sha));
CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN RAISE EXCEPTION 'the audit is never changed'; END$$;
CREATE OR REPLACE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse();
DO $$BEGIN CREATE ROLE bank_app LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$;
GRANT SELECT, INSERT, DELETE ON entry TO bank_app;
GRANT SELECT, INSERT ON audit TO bank_app;
"""
DATABASE = "postgres"
FIGURES = "SELECT count(*) AS entries, coalesce(sum(cents), 0) AS cents FROM entry"


def connect(user="bank_app", database=DATABASE):
    host, port = servers.address("postgres")
    try:
        return psycopg.connect(host=host, port=port, user=user, dbname=database, row_factory=dict_row)
    except psycopg.OperationalError as error:
        task.fail(error, task.EXIT_TRANSIENT)


def enter():
    with connect("postgres") as db:
        db.execute("SELECT pg_advisory_xact_lock(1)")
        db.execute(SCHEMA)
    with connect() as db, db.cursor() as cursor:
        days = task.interval_days()
        cursor.execute("DELETE FROM entry WHERE day BETWEEN %s AND %s", (days[0], days[-1]))
        with cursor.copy("COPY entry FROM STDIN") as copy:
            for day in days:
                for posting in ledger.postings(day):
                    copy.write_row((day, *posting))


def reconcile():
    """Every account of every day against the ledger's own totals: one cent, and there is no report."""
    days = task.interval_days()
    with connect() as db:
        sums = db.execute("""
            SELECT day, account, sum(debits) AS debits, sum(credits) AS credits FROM (
                SELECT day, debit AS account, cents AS debits, 0 AS credits FROM entry
                UNION ALL SELECT day, credit, 0, cents FROM entry) AS sides
            WHERE day BETWEEN %s AND %s GROUP BY day, account""", (days[0], days[-1]))
        return report.draft_of({(row["day"].isoformat(), row["account"]): (int(row["debits"]), int(row["credits"]))
                                for row in sums})


def publish(sha):
    people = report.signers(sha)
    if len(people) < report.EYES:
        task.fail(f"{sha} has {len(people)} signatures, {report.EYES} are needed")
    days = task.interval_days()
    with connect() as db:
        db.execute("SELECT pg_advisory_xact_lock(2)")  # one writer of the chain at a time
        note(db, "prepared", os.environ["PREPARED_BY"], sha)
        for person in people:
            note(db, "approved", person, sha)
        note(db, f"published {days[0]} to {days[-1]}", "bank.dag.yaml", sha)
    task.write(task.path("reports", f"{days[0]}_{days[-1]}.json"), task.path("drafts", f"{sha}.json").read_bytes())


def note(db, what, who, sha):
    last = db.execute("SELECT step, hash FROM audit ORDER BY step DESC LIMIT 1").fetchone() or {"step": 0, "hash": ""}
    db.execute("INSERT INTO audit VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (what, who, sha) DO NOTHING", (
        last["step"] + 1, what, who, sha, last["hash"], task.sha256(what, who, sha, last["hash"])))


def audit():
    """Reads the books as an auditor does: the chain holds, and each published report is the one that was approved."""
    with connect() as db:
        rows = db.execute("SELECT * FROM audit ORDER BY step").fetchall()
    report.check_rows(rows)
    published = {row["sha"] for row in rows if row["what"].startswith("published")}
    for file in task.path("reports").glob("*.json"):
        if task.sha256(file.read_bytes()) not in published:
            task.fail(f"{file.name} is not what was approved")
    return {"reports": len(published)}


def back_up(place):
    """A whole dump under another name first: the copy of before stands until the new one does."""
    target = task.path("backups", place, "bank.dump")
    target.parent.mkdir(parents=True, exist_ok=True)
    client("pg_dump", "--format=custom", f"--dbname={DATABASE}", f"--file={target}.tmp")
    os.replace(f"{target}.tmp", target)


def drill():
    """A backup counts once it was restored: both give the live figures and an unbroken audit."""
    live = figures_of(DATABASE)
    for place in ("here", "elsewhere"):
        scratch = f"drill_{place}"
        client("dropdb", "--if-exists", "--force", scratch)
        client("createdb", scratch)
        client("pg_restore", "--exit-on-error", f"--dbname={scratch}", str(task.path("backups", place, "bank.dump")))
        restored = figures_of(scratch)
        client("dropdb", scratch)
        if restored != live:
            task.fail(f"the backup {place} gives {restored}, the books of today {live}")
    return {"copies": 2, "entries": live[0]}


def figures_of(database):
    with connect("postgres", database) as db:
        found, rows = db.execute(FIGURES).fetchone(), db.execute("SELECT * FROM audit ORDER BY step").fetchall()
    report.check_rows(rows)
    return found["entries"], int(found["cents"]), rows[-1]["hash"] if rows else ""


def client(program, *words):
    """A program of PostgreSQL's, as the owner of the cluster."""
    host, port = servers.address("postgres")
    done = subprocess.run([servers.postgres_program(program), "--host", host, "--port", str(port), "--username=postgres",
                           *words], text=True, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        task.fail(f"{program}: {done.stderr.strip()}")


if __name__ == "__main__":
    task.main(enter, reconcile, report.sign, report.signed, publish, audit, back_up, drill)
