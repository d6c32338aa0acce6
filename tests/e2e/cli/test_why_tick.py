"""`baton why DAG --at T` and the ticks over the API: each tick ends in a run, or in a record with its reason."""
import datetime
import unittest
import urllib.parse

from test_serving import ASKED_FOR, EVERY_SECOND, ServingTest


class WhyTick(ServingTest):
    def why(self, at):
        return self.ask("GET", f"/api/v2/dags/ticking/why?at={at}")

    def ticks(self, query=""):
        return self.ask("GET", "/api/v2/dags/ticking/ticks" + query)[1]

    def pause_for_ticks(self):
        """A run, then at least two ticks that a pause kept from theirs, then a run again."""
        self.save("ticking.yaml", EVERY_SECOND)
        self.serve()
        self.until_dag("ticking")
        self.until(lambda: self.runs("ticking"), "a run")
        self.baton("dag", "pause", "ticking")
        count = len(self.runs("ticking"))
        self.until(lambda: self.seconds_since_last_run() > 4, "some ticks later")
        self.baton("dag", "resume", "ticking")
        self.until(lambda: len(self.runs("ticking")) > count, "a run after the pause")

    def seconds_since_last_run(self):
        last = datetime.datetime.fromisoformat(self.runs("ticking")[-1]["run_after"].replace("Z", "+00:00"))
        return (datetime.datetime.now(datetime.timezone.utc) - last).total_seconds()

    def test_a_tick_that_made_no_run_has_its_reason_and_one_that_did_its_run(self):
        self.pause_for_ticks()
        records = [tick for tick in self.ticks()["ticks"] if tick["reason"] == "paused"]
        self.assertTrue(records)
        self.assertGreaterEqual(records[0]["count"], 2)
        status, story = self.why(records[0]["from"])
        self.assertEqual((200, [records[0]], None), (status, story["ticks"], story["dag_run_id"]))
        self.assertIn("paused", story["text"])
        first = self.runs("ticking")[0]
        story = self.why(first["run_after"])[1]
        self.assertEqual((first["dag_run_id"], []), (story["dag_run_id"], story["ticks"]))
        self.assertIn("paused", self.baton("why", "ticking", "--at", records[0]["to"]).stdout)
        told = self.json("why", "ticking", "--at", first["run_after"])
        self.assertEqual(first["dag_run_id"], told["dag_run_id"])

    def test_records_are_cut_by_their_times(self):
        self.pause_for_ticks()
        record = next(tick for tick in self.ticks()["ticks"] if tick["reason"] == "paused")
        inside = self.ticks(f"?from={record['to']}&to={record['to']}")
        self.assertEqual([record], inside["ticks"])
        self.assertEqual(1, inside["total_entries"])
        before = self.ticks(f"?to={self.runs('ticking')[0]['run_after']}")
        self.assertNotIn(record, before["ticks"])

    def test_the_grid_shows_the_ticks_of_its_time_that_made_no_run(self):
        self.pause_for_ticks()
        record = next(tick for tick in self.ticks()["ticks"] if tick["reason"] == "paused")
        shown = {name: record[name] for name in ("from", "to", "count", "reason")}
        grid = self.ask("GET", "/api/v2/dags/ticking/grid?limit=60")[1]
        self.assertIn(shown, grid["ticks"])
        self.baton("dag", "pause", "ticking")
        newest = self.ask("GET", "/api/v2/dags/ticking/grid?limit=1")[1]
        self.assertNotIn(shown, newest["ticks"], "it was before the only run that is shown")
        first = self.runs("ticking")[0]["dag_run_id"]
        before = self.ask("GET", f"/api/v2/dags/ticking/grid?before={urllib.parse.quote(first)}")[1]
        self.assertEqual(([], []), (before["runs"], before["ticks"]))

    def test_what_cannot_be_told_is_said(self):
        self.save("asked.yaml", ASKED_FOR)
        self.serve()
        self.until_dag("asked")
        self.assertIn("no schedule", self.baton("why", "asked", "--at", "2026-01-31").stdout)
        self.baton("why", "nobody", "--at", "2026-01-31", code=3)
        self.baton("why", "asked", "--at", "never", code=2)
        self.baton("why", "asked", code=2)
        self.assertEqual(404, self.ask("GET", "/api/v2/dags/nobody/why?at=2026-01-31T00:00:00Z")[0])
        self.assertEqual(422, self.ask("GET", "/api/v2/dags/asked/why")[0])


if __name__ == "__main__":
    unittest.main()
