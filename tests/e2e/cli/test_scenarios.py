"""Scenarios of the field at a real server, by their numbers, over kills of the server where these apply."""
import ctypes
import http.client
import os
import pathlib
import sqlite3
import unittest
import urllib.request

from serving import ServingTest

WAITS = "until [ -e {go} ]; do sleep 0.02; done"
SEIZE, INTERRUPT, DETACH, EVERY_THREAD = 0x4206, 0x4207, 17, 0x40000000


class ScenarioTest(ServingTest):
    def kill(self):
        self.process.kill()
        self.process.wait()
        (self.folder / ".baton" / "server.json").unlink(missing_ok=True)  # it says where nobody answers any more

    def again(self):
        self.kill()
        self.serve()

    def begin_run(self, dag, run="r", **more):
        body = {"logical_date": None, "dag_run_id": run, **more}
        status, answer = self.ask("POST", f"/api/v2/dags/{dag}/dagRuns", body)
        self.assertEqual(200, status, answer)

    def run_now(self, dag, run="r"):
        return self.ask("GET", f"/api/v2/dags/{dag}/dagRuns/{run}")[1]

    def until_run(self, state, dag, run="r"):
        self.until(lambda: self.run_now(dag, run).get("state") == state, f"{dag}/{run} is {state}")

    def task(self, dag, task, run="r"):
        return self.ask("GET", f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}")[1]

    def rows(self, table, where="1"):
        with sqlite3.connect(f"file:{self.folder}/.baton/baton.db?mode=ro", uri=True) as db:
            return db.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0]


class Scenarios(ScenarioTest):
    def test_scenario_9_a_version_that_a_queued_run_needs_stays_whoever_cleans_up(self):
        self.save("one.yaml", f"dag: one\nmax_active_runs: 1\ntasks: {{a: {{run: '{WAITS.format(go='go')}'}}}}\n")
        self.serve()
        self.until_dag("one")
        self.begin_run("one", "first")
        self.until_run("running", "one", "first")
        self.begin_run("one", "second")
        self.save("one.yaml", "dag: one\nmax_active_runs: 1\ntasks: {a: {run: echo anew}}\n")
        versions = lambda: self.ask("GET", "/api/v2/dags/one/dagVersions")[1]["total_entries"]
        self.until(lambda: versions() == 2, "the second version")
        self.assertEqual(202, self.ask("POST", "/api/v2/server/prune", {"older_than": "0s"})[0])
        self.until(lambda: self.ask("GET", "/api/v2/server/retention")[1]["jobs"], "the end of the cleaning")
        (self.folder / "dags" / "one.yaml").unlink()
        self.until(lambda: self.dag("one")[1]["is_stale"], "the DAG to be stale")
        self.assertEqual(409, self.ask("DELETE", "/api/v2/dags/one")[0], "its runs have not ended")
        self.again()
        self.assertEqual("queued", self.run_now("one", "second")["state"])
        self.write("dags/go", "")
        self.until_run("success", "one", "second")
        self.assertEqual(2, versions())

    def test_scenario_10_a_retry_over_a_kill_is_told_as_no_failure(self):
        self.write("baton.yaml", "alerts: [{events: [task_failed, run_failed, task_retried], to: 'webhook:ops'}]\n"
                                 "receivers: {ops: {url: 'http://127.0.0.1:9/', allow_private: true}}\n")
        self.save("twice.yaml", "dag: twice\ntasks: {t: {retries: {max: 1, delay: 1s}, run: 'test -e go'}}\n")
        self.serve()
        self.until_dag("twice")
        self.begin_run("twice")
        self.until(lambda: self.task("twice", "t").get("state") == "up_for_retry", "the first failure")
        self.write("dags/go", "")
        self.again()
        self.until_run("success", "twice")
        told = lambda: sorted(one["event"] for one in self.ask("GET", "/api/v2/alerts")[1]["alerts"])
        self.assertEqual(["task_retried"], told())

    def test_scenario_13_a_run_older_than_its_timeout_is_cleared_and_has_its_time_anew(self):
        self.save("slow.yaml", "dag: slow\ntimeout: 2s\ntasks:\n  a: {run: echo a}\n"
                               f"  b: {{needs: a, run: '{WAITS.format(go='go')}'}}\n")
        self.serve()
        self.until_dag("slow")
        self.begin_run("slow")
        self.until_run("failed", "slow")
        self.assertEqual("run_timeout", self.run_now("slow")["state_reason"])
        self.write("dags/go", "")
        self.again()
        cleared = self.ask("POST", "/api/v2/dags/slow/clearTaskInstances", {"dag_run_id": "r", "dry_run": False, "only_failed": False})
        self.assertEqual(2, cleared[1]["total_entries"])
        self.until(lambda: self.run_now("slow")["state"] in ("success", "failed"), "its end")
        self.assertEqual("success", self.run_now("slow")["state"], "the time before the clear counts no more")
        (self.folder / "dags" / "go").unlink()
        self.ask("POST", "/api/v2/dags/slow/clearTaskInstances", {"dag_run_id": "r", "dry_run": False, "only_failed": False})
        self.until_run("failed", "slow")
        self.assertEqual("run_timeout", self.run_now("slow")["state_reason"], "and it still has one")

    def stop_thread(self, thread):
        """One thread of a process stands still, the others go on."""
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = (ctypes.c_long,) * 4
        if libc.ptrace(SEIZE, thread, 0, 0) != 0:
            self.skipTest("nobody may trace here")
        libc.ptrace(INTERRUPT, thread, 0, 0)
        os.waitpid(thread, EVERY_THREAD)
        return lambda: libc.ptrace(DETACH, thread, 0, 0)

    def text(self, path):
        request = urllib.request.Request(self.url + path, headers={"Authorization": "Bearer " + self.token})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def lateness(self):
        lines = self.text("/metrics").splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith("baton_loop_lateness_seconds ")))

    def test_scenario_16_a_loop_that_stands_still_is_told_by_other_threads(self):
        self.save("d.yaml", "dag: d\ntasks: {a: {run: 'true'}}\n")
        self.serve()
        self.until_dag("d")
        self.assertEqual(200, self.ask("GET", "/readyz")[0])
        go_on = self.stop_thread(self.process.pid)  # the loop is the thread that began the process
        self.until(lambda: self.ask("GET", "/readyz")[0] == 503, "another thread says so")
        self.assertIn("does not turn", self.ask("GET", "/readyz")[1]["detail"])
        self.assertEqual(200, self.ask("GET", "/healthz")[0], "the process lives")
        self.assertEqual(200, self.ask("GET", "/api/v2/dags/d")[0], "what is read needs no loop")
        first = self.lateness()
        self.assertGreater(first, 5)
        self.until(lambda: self.lateness() > first, "it grows")
        go_on()
        self.until(lambda: self.ask("GET", "/readyz")[0] == 200, "it turns again")
        self.begin_run("d")
        self.until_run("success", "d")
        self.until(lambda: self.lateness() < first, "it is in time again")

    def test_scenario_17_what_nobody_needs_any_more_is_asked_no_more_and_a_late_answer_is_409(self):
        self.save("asks.yaml", "dag: asks\ntasks:\n  one: {approval: {prompt: 'One?', self: true}}\n"
                               "  two: {approval: {prompt: 'Two?', self: true}}\n")
        self.serve()
        self.until_dag("asks")
        path = "/api/v2/dags/asks/dagRuns/r/taskInstances/{}/-1/hitlDetails"
        answer = {"chosen_options": ["approve"]}
        self.begin_run("asks")
        for task in ("one", "two"):
            self.until(lambda: self.ask("GET", path.format(task))[0] == 200, "the question")
        instance = "/api/v2/dags/asks/dagRuns/r/taskInstances/one"
        self.assertEqual(200, self.ask("PATCH", instance, {"new_state": "success"})[0])
        self.until(lambda: self.ask("GET", path.format("one"))[1]["state"] == "withdrawn", "the first is withdrawn")
        self.again()
        status, refused = self.ask("PATCH", path.format("one"), answer)
        self.assertEqual(409, status)
        self.assertIn("nothing is asked any more", refused["detail"])
        self.assertEqual("open", self.ask("GET", path.format("two"))[1]["state"])
        self.assertEqual(200, self.ask("POST", "/api/v2/dags/asks/dagRuns/r:cancel", {})[0])
        self.until_run("failed", "asks")
        self.again()
        self.assertEqual("withdrawn", self.ask("GET", path.format("two"))[1]["state"])
        self.assertEqual(409, self.ask("PATCH", path.format("two"), answer)[0])
        self.assertEqual("success", self.task("asks", "one")["state"])
        self.assertEqual(0, self.ask("GET", "/api/v2/home")[1]["counts"]["approvals"])

    def test_scenario_18_a_run_of_ten_thousand_is_gone_at_once_and_holds_nobody_up(self):
        items = ", ".join(str(n) for n in range(10_000))
        self.save("wide.yaml", f"dag: wide\ntasks: {{a: {{for_each: {{items: [{items}]}}, noop: true}}}}\n")
        self.save("small.yaml", "dag: small\ntasks: {a: {run: 'true'}}\n")
        self.serve()
        self.until_dag("wide")
        self.until_dag("small")
        self.begin_run("wide")
        self.until_run("success", "wide")
        self.assertEqual(10_000, self.rows("task_instance"))
        self.assertEqual(204, self.ask("DELETE", "/api/v2/dags/wide/dagRuns/r")[0])
        self.assertEqual(404, self.ask("GET", "/api/v2/dags/wide/dagRuns/r")[0])
        self.begin_run("small")
        self.until_run("success", "small")
        self.again()
        self.until(lambda: self.rows("task_instance") == 1, "its rows to go")
        self.assertEqual(404, self.ask("GET", "/api/v2/dags/wide/dagRuns/r")[0])
        self.assertEqual("success", self.run_now("small")["state"])


class SavedAndRestored(ScenarioTest):
    """Of the folder's files: a DAG that is saved while its runs wait, a database that is put back from a copy."""

    def test_scenario_14_a_file_saved_ten_times_while_five_runs_wait_over_kills(self):
        text = "dag: one\nmax_active_runs: 1\ntasks: {{a: {{run: 'until [ -e go ]; do sleep 0.02; done; echo {n} >> ran'}}}}\n"
        versions = lambda: self.ask("GET", "/api/v2/dags/one/dagVersions")[1]["total_entries"]
        self.save("one.yaml", text.format(n=0))
        self.serve()
        self.until_dag("one")
        for n in range(1, 11):
            if n % 2 == 1:
                self.begin_run("one", f"r{n}")  # of the version before
            self.save("one.yaml", text.format(n=n))
            if n in (3, 8):
                self.again()
            self.until(lambda: versions() == n + 1, f"version {n}")
        self.again()
        self.assertEqual(5, len(self.runs("one")))
        self.write("dags/go", "")
        for n in range(1, 11, 2):
            self.until_run("success", "one", f"r{n}")
            self.assertEqual(n, self.run_now("one", f"r{n}")["dag_versions"][0]["version_number"])
        self.assertEqual(["0", "2", "4", "6", "8"], (self.folder / "dags" / "ran").read_text().split())

    def alive(self):
        """What each live process of a task has said of itself when it began."""
        found = []
        for path in (self.folder / "dags").glob("pid.*"):
            for pid in path.read_text().split():  # none yet, or one
                try:
                    command = pathlib.Path(f"/proc/{pid}/cmdline").read_text()
                except OSError:  # it has ended, before this opened it or while this read
                    continue
                found += [path.name[4:]] if "until" in command else []
        return sorted(found)

    def new_attempt_alone(self, old):
        """Once the old attempts are gone, the only live one. One look decides and tells: none may live for a moment."""
        seen = []

        def look():
            seen[:] = self.alive()
            return len(seen) == 1 and seen[0] not in old
        self.until(look, "a new attempt alone")
        return seen[0]

    def restore(self, copy):
        """The server dies, its worker and tasks live, and the database becomes the copy."""
        self.kill()
        for suffix in ("-wal", "-shm"):
            (self.folder / ".baton" / f"baton.db{suffix}").unlink(missing_ok=True)
        os.replace(copy, self.folder / ".baton" / "baton.db")

    def test_scenario_20_a_folder_put_back_from_a_copy_while_a_worker_runs_later_attempts(self):
        self.save("one.yaml", "dag: one\ntasks: {a: {run: 'echo $BATON_RUN_ID.$BATON_FENCE_TOKEN begins; "
                              "echo $$ > pid.$BATON_RUN_ID.$BATON_FENCE_TOKEN; until [ -e go ]; do sleep 0.02; done'}}\n")
        self.serve()
        self.until_dag("one")
        self.begin_run("one", "known")
        self.until(lambda: self.alive() == ["known.1"], "the first attempt")
        self.baton("db", "backup", "copy.db")
        status, answer = self.ask("POST", "/api/v2/dags/one/clearTaskInstances",
                                  {"dag_run_id": "known", "task_ids": ["a"], "dry_run": False, "only_failed": False,
                                   "only_running": False})
        self.assertEqual(200, status, answer)
        self.begin_run("one", "later")
        self.until(lambda: self.alive() == ["known.2", "later.1"], "attempts that the copy does not know")
        with sqlite3.connect(f"file:{self.folder}/.baton/baton.db?mode=ro", uri=True) as db:
            old_seq = db.execute("SELECT max(seq) FROM task_instance").fetchone()[0]
        self.restore(self.folder / "copy.db")
        self.serve()
        fence = int(self.new_attempt_alone({"known.2", "later.1"}).split(".")[1])
        self.assertGreater(fence, 1_000_000)
        self.assertEqual(["known"], [run["dag_run_id"] for run in self.runs("one")])
        self.begin_run("one", "later")
        self.until(lambda: len(self.alive()) == 2, "another run of the same name")
        self.write("dags/go", "")
        for run in ("known", "later"):
            self.until_run("success", "one", run)
        with sqlite3.connect(f"file:{self.folder}/.baton/baton.db?mode=ro", uri=True) as db:
            numbers = [no for no, in db.execute("SELECT run_no FROM dag_run ORDER BY run_no")]
        self.assertEqual(1, numbers[0])
        self.assertGreater(numbers[1], 2, "the log of the lost run is not written on")
        self.assertNotIn("later.1 begins", self.baton("logs", "later", "a").stdout)
        self.assertEqual("reset", self.first_event_after(old_seq))
        self.kill()
        self.serve()
        self.begin_run("one", "third")
        self.until_run("success", "one", "third")
        with sqlite3.connect(f"file:{self.folder}/.baton/baton.db?mode=ro", uri=True) as db:
            self.assertLess(db.execute("SELECT max(run_no) FROM dag_run").fetchone()[0], numbers[1] + 2_000)

    def stream(self, seq):
        link = http.client.HTTPConnection("127.0.0.1", int(self.url.rsplit(":", 1)[1]), timeout=60)
        self.addCleanup(link.close)
        link.request("GET", "/api/v2/events", headers={"Authorization": "Bearer " + self.token, "Last-Event-ID": str(seq)})
        return link.getresponse()

    def first_event_after(self, seq):
        answer = self.stream(seq)
        while True:
            line = answer.readline().decode()
            if line.startswith("event: "):
                return line[7:].strip()


if __name__ == "__main__":
    unittest.main()
