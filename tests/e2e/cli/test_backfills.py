"""Backfills over the API: each date one run, over a kill, a cancel and the same range again."""
import datetime
import unittest

from serving import ServingTest

DAILY = """\
dag: daily
schedule: {cron: "0 0 * * *", start: 2020-01-01, catchup: none}
tasks:
  t: {run: "echo ${{ logical_date }}"}
"""
SLOW = DAILY.replace('run: "echo ${{ logical_date }}"', 'run: "while [ ! -e gate ]; do sleep 0.02; done", cwd: FOLDER')


class BackfillTest(ServingTest):
    def kill_server(self):
        self.process.kill()
        self.process.wait()
        (self.folder / ".baton" / "server.json").unlink()  # it says where nobody answers any more

    def begin_server(self, text=DAILY):
        self.save("daily.yaml", text.replace("FOLDER", str(self.folder)))
        self.serve()
        self.until_dag("daily")

    def fill(self, first, last, code=200, **more):
        body = {"dag_id": "daily", "from_date": f"2026-01-{first:02}T00:00:00Z", "to_date": f"2026-01-{last:02}T00:00:00Z"}
        status, backfill = self.ask("POST", "/api/v2/backfills", {**body, **more})
        self.assertEqual(code, status, backfill)
        return backfill

    def backfill(self, number):
        return self.ask("GET", f"/api/v2/backfills/{number}")[1]

    def change(self, number, what):
        return self.ask("PUT", f"/api/v2/backfills/{number}/{what}")

    def filled(self):
        return [run for run in self.runs("daily") if run["logical_date"] < "2026-02"]

    def until_completed(self, number):
        self.until(lambda: self.backfill(number)["state"] == "completed", "the end of the backfill")


class Backfills(BackfillTest):
    def test_each_day_of_a_range_gets_one_run(self):
        self.begin_server()
        made = self.fill(1, 10)
        self.assertEqual((1, "daily", False, "none", 10), (made["id"], made["dag_id"], made["is_paused"],
                                                           made["reprocess_behavior"], made["max_active_runs"]))
        self.until_completed(made["id"])
        runs = self.filled()
        self.assertEqual([f"2026-01-{day:02}T00:00:00Z" for day in range(1, 11)], sorted(r["logical_date"] for r in runs))
        self.assertEqual({("backfill", "success")}, {(r["run_type"], r["state"]) for r in runs})
        self.assertEqual({"queued": 0, "running": 0, "success": 10, "failed": 0}, self.backfill(1)["runs"])
        again = self.fill(1, 10)
        self.until_completed(again["id"])
        self.assertEqual(10, self.backfill(again["id"])["skipped"])
        self.assertEqual(10, len(self.filled()))
        listed = self.ask("GET", "/api/v2/backfills?dag_id=daily")[1]
        self.assertEqual((2, [1, 2]), (listed["total_entries"], [b["id"] for b in listed["backfills"]]))

    def test_a_dry_run_lists_each_day_and_makes_nothing(self):
        self.begin_server()
        body = {"dag_id": "daily", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-10T00:00:00Z"}
        status, plan = self.ask("POST", "/api/v2/backfills/dry_run", {**body, "intervals_per_run": 4})
        self.assertEqual((200, 3), (status, plan["total_entries"]))
        self.assertEqual(["2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-09T00:00:00Z"],
                         [one["logical_date"] for one in plan["backfills"]])
        self.assertEqual({"create"}, {one["step"] for one in plan["backfills"]})
        self.assertEqual([], self.filled())

    def test_its_limit_holds_and_a_paused_dag_is_filled(self):
        self.begin_server(SLOW)
        self.ask("PATCH", "/api/v2/dags/daily", {"is_paused": True})
        self.fill(1, 10, max_active_runs=2)
        self.until(lambda: [r["state"] for r in self.filled()].count("running") == 2, "two runs")
        self.assertEqual(2, len(self.filled()))
        self.fill(1, 10, code=409)
        self.write("gate", "")
        self.until_completed(1)
        self.assertEqual(10, len(self.filled()))

    def test_each_of_its_runs_has_its_labels_also_after_a_kill(self):
        self.begin_server(SLOW)
        made = self.fill(1, 4, max_active_runs=2, labels={"ticket": "42"})
        self.assertEqual({"ticket": "42"}, made["labels"])
        self.until(lambda: len(self.filled()) == 2, "the first ones")
        self.kill_server()
        self.serve()
        self.write("gate", "")
        self.until_completed(made["id"])
        self.assertEqual([{"ticket": "42"}] * 4, [run["labels"] for run in self.filled()])
        self.assertEqual({"ticket": "42"}, self.backfill(made["id"])["labels"])
        self.fill(5, 6, 422, labels={"no name": "x"})
        done = self.baton("backfill", "create", "daily", "--from", "2026-01-05", "--to", "2026-01-05", "--label", "ticket=7", "--wait")
        self.assertEqual({"ticket": "7"}, self.filled()[-1]["labels"], done.stdout)

    def test_it_goes_on_after_a_kill(self):
        self.begin_server(SLOW)
        self.fill(1, 10, max_active_runs=3)
        self.until(lambda: len(self.filled()) == 3, "its first runs")
        self.kill_server()
        self.write("gate", "")
        self.serve()
        self.until_completed(1)
        self.assertEqual(10, len({run["logical_date"] for run in self.filled()}))
        self.assertEqual(10, len(self.filled()))

    def test_scenario_5_cancelled_cleared_and_the_same_range_again(self):
        self.begin_server(SLOW)
        self.fill(1, 10, max_active_runs=4)
        self.until(lambda: len(self.filled()) == 4, "four runs")
        self.assertEqual(200, self.change(1, "cancel")[0])
        self.assertEqual(409, self.change(1, "pause")[0])
        self.write("gate", "")
        self.until(lambda: {run["state"] for run in self.filled()} == {"success"}, "the end of the four")
        for run in self.filled()[:2]:
            self.ask("POST", f"/api/v2/dags/daily/dagRuns/{run['dag_run_id']}:retry")
        self.until_completed(self.fill(1, 10, max_active_runs=4)["id"])
        self.until(lambda: {run["state"] for run in self.filled()} == {"success"}, "the end of all")
        self.assertEqual(10, len(self.filled()))
        self.assertEqual(10, len({run["logical_date"] for run in self.filled()}))

    def test_paused_it_rests_and_what_cannot_be_is_refused(self):
        self.begin_server(SLOW)
        self.fill(1, 10, max_active_runs=1)
        self.until(lambda: len(self.filled()) == 1, "its first run")
        status, paused = self.change(1, "pause")
        self.assertEqual((200, True, "paused"), (status, paused["is_paused"], paused["state"]))
        self.write("gate", "")
        self.until(lambda: self.filled()[0]["state"] == "success", "the run's end")
        self.assertEqual(1, len(self.filled()))
        self.assertEqual((200, False), (self.change(1, "unpause")[0], self.backfill(1)["is_paused"]))
        self.until_completed(1)
        self.assertEqual(404, self.ask("PUT", "/api/v2/backfills/9/pause", {})[0], "an empty object is no body")
        self.assertEqual(422, self.ask("PUT", "/api/v2/backfills/9/pause", {"why": "?"})[0])
        self.assertEqual(404, self.change(9, "pause")[0])
        self.fill(5, 4, code=422)
        self.assertEqual(404, self.ask("GET", "/api/v2/backfills/9")[0])
        status, _ = self.ask("POST", "/api/v2/backfills", {"dag_id": "nobody", "from_date": "2026-01-01T00:00:00Z",
                                                           "to_date": "2026-01-02T00:00:00Z"})
        self.assertEqual(404, status)

    def create(self, *words, code=0):
        return self.baton("backfill", "create", "daily", "--from", "2026-01-01", "--to", "2026-01-10", *words, code=code)

    def test_the_command_fills_a_range_and_says_how_far_it_has_come(self):
        self.begin_server()
        plan = self.create("--dry-run", "--chunk", "4")
        self.assertIn("2026-01-05T00:00:00Z", plan.stdout)
        self.assertEqual(3, plan.stdout.count("gets a run"), plan.stdout)
        self.assertIn("3 runs would be made", plan.stderr)
        self.assertEqual([], self.filled())
        made = self.create("--wait", "--max-active-runs", "3", "--why", "the source was late")
        self.assertIn("backfill 1: ", made.stderr)
        self.assertIn("done       10 of 10\n", made.stdout)
        self.assertIn("at a time  3 runs", made.stdout)
        self.assertIn("the source was late", made.stdout)
        self.assertEqual(10, len(self.filled()))
        again = self.create("--dry-run")
        self.assertEqual(10, again.stdout.count("nothing: its run has ended"), again.stdout)
        more = self.create("--dry-run", "--reprocess", "completed")
        self.assertEqual(10, more.stdout.count("its run runs again"), more.stdout)

    def test_the_command_lists_pauses_resumes_and_cancels(self):
        self.begin_server(SLOW)
        made = self.create("--max-active-runs", "1", "--order", "desc")
        self.assertIn("backfill 1  running", made.stdout)
        self.assertIn("baton backfill show 1 --wait", made.stderr)
        self.until(lambda: len(self.filled()) == 1, "its first run")
        self.assertEqual("2026-01-10T00:00:00Z", self.filled()[0]["logical_date"])
        self.assertIn("has backfill 1", self.create(code=5).stderr)
        self.assertIn("is paused", self.baton("backfill", "pause", "1").stdout)
        self.assertTrue(self.json("backfill", "show", "daily")["is_paused"])
        self.assertIn("0 of 10 · 1 running", self.baton("backfill", "show", "1").stdout)
        self.assertIn("is running", self.baton("backfill", "resume", "daily").stdout)
        self.assertEqual([1], [one["id"] for one in self.json("backfill", "list", "daily")["backfills"]])
        self.assertIn("cancelled", self.baton("backfill", "cancel", "1").stdout)
        self.baton("backfill", "pause", "1", code=5)
        self.baton("backfill", "show", "1", "--wait", code=1)
        self.baton("backfill", "show", "2", code=3)
        self.assertIn("backfill list", self.baton("backfill", "show", "nobody", code=3).stderr)

    def test_the_command_says_what_is_wrong_with_a_range(self):
        self.begin_server()
        self.assertIn("--from", self.baton("backfill", "create", "daily", "--to", "2026-01-02", code=2).stderr)
        self.assertIn("before --from", self.baton("backfill", "create", "daily", "--from", "2026-01-02", "--to",
                                                  "2026-01-01", code=2).stderr)
        self.assertIn("--reprocess", self.create("--reprocess", "faild", code=2).stderr)
        self.create("-p", "nobody=1", code=2)
        self.baton("backfill", "create", "nobody", "--from", "2026-01-01", "--to", "2026-01-02", code=3)

    def test_a_failed_run_of_a_backfill_is_its_exit_code(self):
        self.begin_server(DAILY.replace("echo ${{ logical_date }}", "false"))
        made = self.create("--wait", code=1)
        self.assertIn("10 of 10 · 10 failed", made.stdout)

    def test_without_a_server_the_command_says_what_to_do(self):
        (self.folder / ".baton").mkdir()
        self.assertIn("baton server", self.create(code=7).stderr)
        for change in ("list", "show 1", "pause 1", "resume 1", "cancel 1"):
            self.assertIn("baton server", self.baton("backfill", *change.split(), code=7).stderr)

    def test_a_plain_date_as_the_end_means_all_of_that_day(self):
        self.begin_server(DAILY.replace("0 0 * * *", "0 * * * *"))
        self.assertEqual(10 * 24, self.create("--dry-run").stdout.count("gets a run"))


class Extent(BackfillTest):
    def test_a_long_range_is_counted_whole_and_tells_how_far_it_has_come(self):
        self.begin_server(DAILY.replace('"0 0 * * *"', '"* * * * *"'))
        body = {"dag_id": "daily", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-08T23:59:00Z",
                "max_active_runs": 2}
        status, plan = self.ask("POST", "/api/v2/backfills/dry_run", body)
        self.assertEqual((200, 11_520, 11_520, 11_520, 0, False),
                         (status, plan["total_entries"], plan["total_runs"], plan["total_intervals"], plan["left_out"],
                          plan["is_whole"]))
        self.assertEqual(10_000, len(plan["backfills"]))
        status, made = self.ask("POST", "/api/v2/backfills", body)
        self.assertEqual((200, 11_520, 11_520), (status, made["total_runs"], made["total_intervals"]))
        self.until(lambda: self.backfill(1)["done"] >= 2, "two runs")
        self.change(1, "pause")
        now = self.backfill(1)
        self.assertEqual(11_520, now["total_runs"])
        self.assertEqual(11_520 - sum(now["runs"].values()), now["intervals_to_come"])
        shown = self.baton("backfill", "show", "1").stdout
        self.assertIn(" of 11,520", shown)
        self.assertIn("to come    11,", shown)
        self.assertEqual(11_520, self.ask("GET", "/api/v2/backfills")[1]["backfills"][0]["total_runs"])

    def test_what_has_not_ended_is_not_filled(self):
        self.begin_server()
        body = {"dag_id": "daily", "from_date": "2098-01-01", "to_date": "2098-01-05"}
        for path in ("", "/dry_run"):
            status, told = self.ask("POST", "/api/v2/backfills" + path, body)
            self.assertEqual(422, status)
            self.assertIn("2098-01-02T00:00:00", str(told))
        today = datetime.datetime.now(datetime.timezone.utc).date()
        body = {"dag_id": "daily", "from_date": str(today - datetime.timedelta(days=3)),
                "to_date": str(today + datetime.timedelta(days=2))}
        plan = self.ask("POST", "/api/v2/backfills/dry_run", body)[1]
        self.assertEqual((3, 3, True), (plan["total_intervals"], plan["left_out"], plan["is_whole"]))
        made = self.ask("POST", "/api/v2/backfills", body)[1]
        self.until_completed(made["id"])
        self.assertEqual((3, 3, 0), tuple(self.backfill(made["id"])[k] for k in ("done", "total_runs", "intervals_to_come")))


if __name__ == "__main__":
    unittest.main()
