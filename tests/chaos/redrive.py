"""By hand: a crowd of dead letters is redriven through a pool and a circuit breaker that is half open, while the server
is killed again and again and what the tasks depend on fails once more.

usage: BATON=build/release/baton python3 tests/chaos/redrive.py [--letters 15000] [--rate 2000/s] [--kills 6] [--seed 1]

Held: each letter is redriven once; each task does its work once; the pool is never above its slots; the first task
through the breaker is its probe; the second outage costs the tries that the breaker lets through and no more; fresh runs
go on beside it all. It takes about as long as the tasks do, some minutes for 15,000 on two cores, and is no part of
`./dev test` for that.
"""
import argparse
import os
import pathlib
import random
import signal
import sys
import time
import unittest
from collections import Counter

os.environ.setdefault("BATON_BINARY", os.path.abspath(os.environ.get("BATON", "build/release/baton")))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e" / "cli"))
import support  # noqa: E402

support.WAIT_SECONDS = 3600
from serving import ServingTest  # noqa: E402

SLOTS, FAILURES, PROBES = 8, 5, 1
CROWD = """dag: crowd
pools: {door: %d}
breakers: {api: {failures: %d, window: 10m, cooldown: 2s, probes: %d, count: [exit:75]}}
tasks:
  part:
    for_each: {items: %s, as: i}
    pool: door
    breaker: api
    retries: {max: 50, delay: 200ms, on: [exit:75]}
    shell: sh -eu
    run: |
      [ -e mended ] || exit 1
      [ ! -e outage ] || exit 75
      echo ${{ i }} >> ran
"""
FRESH = "dag: fresh\ntasks: {now: {run: 'true'}}\n"
options = argparse.Namespace()


class Redrive(ServingTest):
    def serve(self):
        """With more slots than the pool has."""
        self.process = self.begin("server", "--listen", "127.0.0.1:0", "--dags", "dags", "--slots", str(4 * SLOTS))
        self.until(lambda: self.server_info().get("pid") == self.process.pid, "the server's address")
        self.url = self.server_info()["url"]
        self.token = (self.folder / ".baton" / "admin.token").read_text().strip()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        (self.folder / ".baton" / "server.json").unlink(missing_ok=True)

    def total(self, query):
        return self.ask("GET", "/api/v2/deadLetters?limit=1" + query)[1]["total_entries"]

    def until_slowly(self, look, what):
        end = time.monotonic() + 3600
        while not look():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.5)

    def rows(self, sql):
        import sqlite3
        with sqlite3.connect(f"file:{self.folder}/.baton/baton.db?mode=ro", uri=True) as db:
            return db.execute(sql).fetchall()

    def test_each_once_and_nothing_above_its_limit(self):
        count, chance = options.letters, random.Random(options.seed)
        say = lambda words: print(f"[{time.monotonic() - begin:6.0f} s] {words}", file=sys.stderr, flush=True)
        begin = time.monotonic()
        self.save("crowd.yaml", CROWD % (SLOTS, FAILURES, PROBES, list(range(count))))
        self.save("fresh.yaml", FRESH)
        self.serve()
        self.until_dag("crowd")
        self.baton("trigger", "crowd", "--run-id", "r")
        self.until_slowly(lambda: self.total("&state=open") == count, "all of them to fail")
        say(f"{count:,} letters")
        (self.folder / "dags" / "mended").touch()
        self.baton("breaker", "trip", "api", "--for", "3s", "--why", "it is to be half open")
        asked = time.monotonic_ns()
        status, job = self.ask("POST", "/api/v2/deadLetters:redrive", {"rate": options.rate})
        say(f"accepted in {(time.monotonic_ns() - asked) / 1e6:.0f} ms")
        self.assertEqual((202, count), (status, job["total"]))

        ran = self.folder / "dags" / "ran"
        lines = lambda: len(ran.read_text().splitlines()) if ran.exists() else 0
        fresh, outage_at, strikes = 0, count // 3, sorted(chance.sample(range(count), options.kills))
        had_outage = False
        while (done := lines()) < count:
            if strikes and done >= strikes[0]:
                strikes.pop(0)
                self.kill()
                self.serve()
                say(f"killed at {done:,}")
            if done >= outage_at and not had_outage:
                had_outage = True
                (self.folder / "dags" / "outage").touch()
                time.sleep(3)
                (self.folder / "dags" / "outage").unlink()
                say(f"an outage at {done:,}")
            if self.ask("POST", "/api/v2/dags/fresh/dagRuns", {"logical_date": None})[0] == 200:
                fresh += 1
            time.sleep(0.5)
        self.until_slowly(lambda: self.ask("GET", f"/api/v2/bulkJobs/{job['id']}")[1]["state"] == "completed", "the job")
        self.until_slowly(lambda: self.ask("GET", "/api/v2/dags/crowd/dagRuns/r")[1]["state"] == "success", "the run")
        say("over")

        did = Counter(ran.read_text().split())
        self.assertEqual((count, set()), (len(did), {one for one, times in did.items() if times > 1}))
        self.assertEqual(count, self.total("&state=redriven"))
        self.assertEqual(0, self.total("&state=open"))
        done = self.ask("GET", f"/api/v2/bulkJobs/{job['id']}")[1]
        self.assertEqual((count, 0), (done["done"], done["failed"]))
        # A try is a row when it has ended; they overlap where they held slots at a time.
        tries = self.rows("SELECT t.started_at, t.ended_at, t.exit_code FROM task_try t JOIN dag_run r USING (run_no)"
                          " WHERE r.run_id = 'r' AND t.started_at IS NOT NULL")
        moves = sorted([(at, 1) for at, _, _ in tries] + [(at, -1) for _, at, _ in tries])
        held = most = 0
        for _, step in moves:
            held += step
            most = max(most, held)
        self.assertLessEqual(most, SLOTS)
        burnt = sum(1 for _, _, code in tries if code == 75)
        say(f"{burnt} tries met the outage; {most} at a time at most; {fresh} fresh runs")
        # What ran when it began, and a probe for each time that the cooldown was over (2 s, then 4).
        self.assertLessEqual(burnt, SLOTS + FAILURES + 3 * PROBES)
        self.until_slowly(lambda: all(run["state"] == "success" for run in self.runs("fresh")), "fresh runs")
        self.assertGreater(fresh, 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=int, default=15000)
    parser.add_argument("--rate", default="2000/s")
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.parse_args(namespace=options)
    unittest.main(argv=[sys.argv[0]])
