"""What a server says of itself, as text and as lines of JSON; a run that is forgotten beside it."""
import json
import signal
import subprocess
import unittest

from serving import ServingTest


class ServerLog(ServingTest):
    def log_of(self, *words):
        self.process = self.begin("server", "--listen", "127.0.0.1:0", "--dags", "dags", *words)
        self.until(lambda: self.server_info().get("pid") == self.process.pid, "the server's address")
        url = self.server_info()["url"]
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=60)
        return url, out, err

    def assert_json(self, url, out, err):
        self.assertEqual("", out)
        lines = [json.loads(line) for line in err.splitlines()]
        self.assertTrue(all(set(line) == {"time", "level", "message"} for line in lines), lines)
        self.assertTrue(any(url in line["message"] for line in lines), lines)
        self.assertNotIn("/auth/login", err)

    def test_by_the_flag_by_the_setting_and_the_flag_goes_before(self):
        url, out, err = self.log_of()
        self.assertIn("address " + url, out)
        self.assertIn("/auth/login", out)
        self.assert_json(*self.log_of("--log-format", "json"))
        self.write("baton.yaml", "log: {format: json}\n")
        self.baton("validate", "baton.yaml")
        self.assert_json(*self.log_of())
        _, out, _ = self.log_of("--log-format", "text")
        self.assertIn("address ", out)

    def test_what_keeps_it_from_serving_is_a_line_too(self):
        self.serve()
        second = subprocess.run([self.process.args[0], "server", "--log-format", "json"], cwd=self.folder,
                                env=self.environment(), capture_output=True, text=True, timeout=60)
        self.assertEqual(5, second.returncode)
        self.assertEqual("error", json.loads(second.stderr.splitlines()[-1])["level"])

    def test_a_format_that_is_none_is_refused(self):
        self.baton("server", "--log-format", "xml", code=2)
        self.write("baton.yaml", "log: {format: xml}\n")
        told = self.baton("validate", "baton.yaml", code=2)
        self.assertIn("json", told.stdout + told.stderr)

    def test_a_run_is_forgotten_beside_a_server(self):
        self.save("d.yaml", "dag: d\ntasks: {a: {run: 'until [ -e go ]; do sleep 0.02; done'}}\n")
        self.serve()
        self.until_dag("d")
        self.ask("POST", "/api/v2/dags/d/dagRuns", {"logical_date": None, "dag_run_id": "r"})
        self.baton("db", "forget", "r", code=5)
        self.write("dags/go", "")
        self.until(lambda: self.ask("GET", "/api/v2/dags/d/dagRuns/r")[1]["state"] == "success", "its end")
        self.assertIn("forgotten", self.baton("db", "forget", "r").stdout)
        self.assertEqual(404, self.ask("GET", "/api/v2/dags/d/dagRuns/r")[0])
        self.baton("db", "forget", "r", code=3)
        events = [one["event"] for one in self.ask("GET", "/api/v2/eventLogs?dag_id=d")[1]["event_logs"]]
        self.assertIn("delete", events)


if __name__ == "__main__":
    unittest.main()
