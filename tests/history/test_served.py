"""Process chaos on the real server under users of its API, judged by the history checker (T17), and what a 2xx promises (S1).
CHAOS_EVENTS: volume (40); HISTORY_KILLS: kills after an answer (60); CHAOS_SEED; CHAOS_KEEP: keep the folder."""

import json
import os
import time
import unittest

import checker
from served import Served, procs


class Chaos(unittest.TestCase):
    def test_users_of_a_server_that_is_killed_lose_nothing_and_get_nothing_twice(self):
        served = Served(int(os.environ.get("CHAOS_SEED", "1")))
        self.addCleanup(served.close)
        begin = time.monotonic()
        served.play(int(os.environ.get("CHAOS_EVENTS", "40")))
        history = served.history()
        with open(os.path.join(served.folder, "history.json"), "w") as file:
            json.dump(history, file)
        problems = checker.judge(history)
        outcomes = [c["outcome"] for c in history["clients"]]
        print(f"\nhistory: {sum(served.counts.values())} events ({', '.join(f'{k} {v}' for k, v in sorted(served.counts.items()))}), "
              f"{len(history['runs'])} runs, {len(history['witness'])} lines of the witness, {len(outcomes)} requests "
              f"({outcomes.count('unknown')} without an answer), slowest start {served.slowest_start_s:.2f} s, "
              f"{time.monotonic() - begin:.0f} s; {len(problems)} findings")
        self.assertEqual([], problems)
        procs.wait_until(lambda: not served.orphans(), 10, "no process of a task is left")


class Promise(unittest.TestCase):
    def test_what_was_answered_is_there_after_a_kill_and_asked_again_it_is_the_same(self):
        served = Served(7)
        self.addCleanup(served.close)
        kills, missing, other = int(os.environ.get("HISTORY_KILLS", "60")), [], []
        served.start()
        procs.wait_until(lambda: served._status("GET", "/api/v2/dags/chain") == 200, 30, "the DAG")
        for n in range(kills):
            entry = served.trigger("chain", None if n % 2 else f"p{n}", f"promise-{n}")
            self.assertEqual("ok", entry["outcome"], entry)
            served.process.kill()
            served.process.wait()
            served.start()
            run = entry["run_made"]
            if served._status("GET", f"/api/v2/dags/chain/dagRuns/{run}") != 200:
                missing.append(run)
            again = served.trigger("chain", None if n % 2 else f"p{n}", f"promise-{n}")
            if again["run_made"] != run:
                other.append((run, again))
        self.assertEqual(([], []), (missing, other))
        served.ask("PATCH", "/api/v2/dags/ticks", {"is_paused": True})
        runs = served.pages("/api/v2/dags/chain/dagRuns", "dag_runs")
        self.assertEqual(kills, len(runs), "one run for each key")


if __name__ == "__main__":
    unittest.main()
