"""`baton dag pause|resume|drain` and `baton server freeze|thaw|status`: durable, shown, audited with who and why."""
import os
import signal
import unittest

from test_serving import ASKED_FOR, EVERY_SECOND, LONG, ServingTest

ME = f"uid:{os.getuid()}"


class Holds(ServingTest):
    def audit(self, action):
        entries = self.ask("GET", "/api/v2/eventLogs?limit=100")[1]["event_logs"]
        return [entry for entry in entries if entry["event"] == action]

    def again(self, how):
        """The server ends, and another one serves the folder."""
        self.process.send_signal(how)
        self.process.wait(60)
        (self.folder / ".baton" / "server.json").unlink(missing_ok=True)
        self.serve()

    def test_a_paused_dag_stays_paused_over_a_restart_until_it_is_resumed(self):
        self.save("ticking.yaml", EVERY_SECOND)
        self.serve()
        self.until_dag("ticking")
        self.assertIn("paused", self.baton("dag", "pause", "ticking", "--why", "source is down").stdout)
        entry = self.audit("pause")[0]
        self.assertEqual((ME, "ticking"), (entry["owner"], entry["dag_id"]))
        self.assertIn("source is down", entry["extra"])
        for how in (signal.SIGTERM, signal.SIGKILL):
            self.again(how)
            self.until_dag("ticking")
            self.assertTrue(self.dag("ticking")[1]["is_paused"])
        count = len(self.runs("ticking"))
        self.assertEqual(False, self.json("dag", "resume", "ticking")["is_paused"])
        self.until(lambda: len(self.runs("ticking")) > count, "a run after the resume")

    def test_a_draining_dag_takes_nothing_new_and_is_paused_when_its_last_run_has_ended(self):
        self.save("long.yaml", LONG)
        self.serve()
        self.until_dag("long")
        self.baton("trigger", "long")
        self.until((self.folder / "dags" / "pid").exists, "the task")
        self.assertIn("draining", self.baton("dag", "drain", "long").stdout)
        self.assertTrue(self.dag("long")[1]["is_draining"])
        self.assertIn("drain", self.baton("trigger", "long", code=5).stderr)
        self.baton("stop", "@latest")
        self.until(lambda: self.dag("long")[1]["is_paused"], "the pause after the drain")
        self.assertEqual(1, len(self.audit("drain")))

    def test_what_is_held_already_is_no_error_and_another_dag_is_not_found(self):
        self.save("asked.yaml", ASKED_FOR)
        self.serve()
        self.until_dag("asked")
        for _ in range(2):
            self.baton("dag", "pause", "asked")
        self.assertEqual(1, len(self.audit("pause")))
        self.baton("dag", "pause", "nobody", code=3)
        self.assertEqual(422, self.ask("PATCH", "/api/v2/dags/asked", {})[0])
        self.assertEqual(422, self.ask("PATCH", "/api/v2/dags/asked", {"is_paused": True, "draining": True})[0])
        self.assertEqual(200, self.ask("PATCH", "/api/v2/dags/asked", {"draining": False})[0])
        self.assertTrue(self.dag("asked")[1]["is_paused"], "the end of a drain is no end of a pause")

    def test_a_freeze_wants_a_reason_is_shown_to_all_and_outlives_the_server(self):
        self.serve()
        self.baton("server", "freeze", code=2)
        frozen = self.json("server", "freeze", "--why", "database is moved")["frozen"]
        self.assertEqual((ME, "database is moved"), (frozen["actor"], frozen["reason"]))
        for how in (signal.SIGTERM, signal.SIGKILL):
            self.again(how)
            self.assertEqual(frozen, self.ask("GET", "/api/v2/server")[1]["frozen"])
            self.assertIn("database is moved", self.baton("server", "status").stdout)
        self.assertIsNone(self.json("server", "thaw")["frozen"])
        self.again(signal.SIGTERM)
        self.assertIsNone(self.json("server", "status")["frozen"])
        self.assertEqual([ME, ME], [self.audit(action)[0]["owner"] for action in ("freeze", "thaw")])

    def test_ticks_while_frozen_make_no_runs(self):
        self.save("ticking.yaml", EVERY_SECOND)
        self.serve()
        self.until_dag("ticking")
        self.until(lambda: self.runs("ticking"), "a run")
        self.baton("server", "freeze", "--why", "test")
        count = len(self.runs("ticking"))
        self.baton("server", "thaw")
        self.until(lambda: len(self.runs("ticking")) > count, "a run after the thaw")

    def test_without_a_server_there_is_nothing_to_hold(self):
        asked = (("dag", "pause", "x"), ("server", "freeze", "--why", "x"), ("server", "thaw"), ("server", "status"))
        for words in asked:
            self.assertIn("baton server", self.baton(*words, code=7).stderr)


if __name__ == "__main__":
    unittest.main()
