"""bank on PostgreSQL: judged by SQL of its own, by the ledger's generator, and by what the books refuse."""
import contextlib
import json
import subprocess
import sys

import psycopg

import servers
from bank import ledger
from scenario import DAGS, environment, kill, wait_until

DAY = "2026-01-05"


def main(s):
    process = s.begin("--interval", "2024-01-01/2026-01-01", "--run-id", "years")
    wait_until(lambda: state_of(s, "reconcile") or process.poll() is not None)
    s.check("killed while two years are reckoned", process.poll() is None)
    kill(process)
    s.resume()
    report = json.loads(next((s.data / "reports").glob("*.json")).read_text())
    s.equal("two years in one report, each day to the cent as the ledger says",
            sum(cents(report[day][account][side]) != ledger.control_totals(day)[account][place] for day in report
                for account in ledger.ACCOUNTS for place, side in enumerate(("debits", "credits"))), 0)
    s.equal("its days", len(report), 731)
    with books(s) as db:
        entries, total = db.execute("SELECT count(*), sum(cents) FROM entry").fetchone()
        s.equal("every entry once", (entries, int(total)), (731 * 40, sum(
            posting[3] for day in report for posting in ledger.postings(day))))
        audit = db.execute("SELECT * FROM audit ORDER BY step").fetchall()
        s.equal("who prepared, who approved", [row[1:3] for row in audit[:3]],
                [("prepared", "clerk"), ("approved", "ada"), ("approved", "ben")])
    s.equal("both copies were restored", (s.outputs("drill")["copies"], s.outputs("drill")["entries"]), (2, entries))
    s.rows(entries, len(report) * len(ledger.ACCOUNTS))

    s.run("--interval", "2024-01-01/2026-01-01", "--run-id", "again")
    with books(s) as db:
        s.equal("a second run of the years changes nothing", (db.execute("SELECT * FROM audit ORDER BY step").fetchall(),
                db.execute("SELECT count(*), sum(cents) FROM entry").fetchone()), (audit, (entries, total)))
        db.execute("""CREATE FUNCTION a_cent() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.cents := NEW.cents + 1;
                   RETURN NEW; END$$""")
        db.execute("CREATE TRIGGER a_cent BEFORE INSERT ON entry FOR EACH ROW WHEN (NEW.number = 17) "
                   "EXECUTE FUNCTION a_cent()")
    wrong = s.run("--interval", DAY, "--run-id", "cent", code=1)
    s.equal("one cent, and there is no report", (wrong["reconcile"], wrong["publish"], len(list(
        (s.data / "reports").glob("*.json")))), ("failed", "upstream_failed", 1))
    s.equal("the server is told to go all the same", wrong["postgres_down"], "success")
    with books(s) as db:
        db.execute("DROP TRIGGER a_cent ON entry")

    process = s.begin("--interval", DAY, "-p", "stand_in=false", "--run-id", "people")
    wait_until(lambda: state_of(s, "approve") == "up_for_reschedule" or process.poll() is not None)
    sha = s.outputs("reconcile", "people")["sha"]
    for person in ("clerk", "ada"):
        by_hand(s, "sign", sha, person)
    s.equal("who prepared it does not count", by_hand(s, "signed", sha).returncode, 1)
    s.equal("one signature, no report", len(list((s.data / "reports").glob("*.json"))), 1)
    by_hand(s, "sign", sha, "ben")
    s.equal("two have signed: published", (process.wait(300), len(list((s.data / "reports").glob("*.json")))), (0, 2))

    with books(s) as db:
        for user, change in (("bank_app", "UPDATE audit SET who = 'eve'"), ("bank_app", "DELETE FROM audit"),
                             ("postgres", "UPDATE audit SET who = 'eve'"), ("postgres", "TRUNCATE audit")):
            s.check(f"{user} cannot {change}", refused(db, user, change))
        db.execute("ALTER TABLE audit DISABLE TRIGGER ALL")
        db.execute("UPDATE audit SET who = 'eve' WHERE step = 2")
        db.execute("ALTER TABLE audit ENABLE TRIGGER ALL")
    changed = s.run("--interval", DAY, "--run-id", "changed", code=1)
    s.check("a change past all that is seen by the next audit", changed["audit"] == "failed"
            and "audit row 2" in s.baton("logs", "@latest", "audit"))


@contextlib.contextmanager
def books(s):
    """The books between two runs, as the owner of the cluster opens them."""
    with servers.running("postgres", s.data / "servers" / "postgres") as (_, port):
        with contextlib.closing(psycopg.connect(host="127.0.0.1", port=port, user="postgres", autocommit=True)) as db:
            yield db


def refused(db, user, change):
    db.execute(f"SET ROLE {user}")
    try:
        db.execute(change)
        return False
    except psycopg.Error:
        return True
    finally:
        db.execute("RESET ROLE")


def cents(euros):
    return int(euros.replace(".", ""))


def state_of(s, task):
    shown = json.loads(s.baton("show", "@latest", "-o", "json", code=None) or "{}")
    return next((one["state"] for one in shown.get("task_instances", []) if one["task_id"] == task), None)


def by_hand(s, *words):
    return subprocess.run([sys.executable, "-m", "bank.report", *words], cwd=DAGS, text=True, capture_output=True,
                          env={**environment(), "DATA": str(s.data), "PREPARED_BY": "clerk"})
