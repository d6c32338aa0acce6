"""Several pipelines at once on one server, which is killed with its worker: each ends as if it had run alone."""
import json
import subprocess
import time
import urllib.error
import urllib.request

from pipeline import BATON, PipelineTest, contents, kill

# Pipeline → its data interval.
TOGETHER = {
    "medallion": ("2026-01-05", "2026-01-06"),
    "schemas": ("2026-01-01", "2026-01-02"),
    "training_data": ("2026-01-01", "2026-01-02"),
}
WAIT_SECONDS = 300  # of a machine that builds beside it


class Service(PipelineTest):
    def serve(self):
        """Starts a server over the gallery and returns it once it answers."""
        self.state = self.folder / "served"
        (self.state / "server.json").unlink(missing_ok=True)
        server = subprocess.Popen([BATON, "server", "--state", str(self.state), "--dags", str(self.dags), "--listen",
                                   "127.0.0.1:0"], env=self.environment(), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(kill, server)
        self.until(lambda: (self.state / "server.json").exists() and self.runs() is not None, "the server answers")
        return server

    def ask(self, path, body=None):
        url = json.loads((self.state / "server.json").read_text())["url"]
        request = urllib.request.Request(f"{url}/api/v2{path}", body and json.dumps(body).encode(), {
            "Authorization": f"Bearer {(self.state / 'admin.token').read_text().strip()}",
            "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def runs(self):
        """DAG → state of its run; None where nobody answers yet."""
        try:
            return {run["dag_id"]: run["state"] for run in self.ask("/dags/~/dagRuns?limit=50")["dag_runs"]}
        except (OSError, ValueError):
            return None

    def done(self):
        """How many task instances have succeeded."""
        tasks = self.ask("/dags/~/dagRuns/~/taskInstances?limit=500")["task_instances"]
        return sum(task["state"] == "success" for task in tasks)

    def until(self, happened, what):
        end = time.monotonic() + WAIT_SECONDS
        while not happened():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.05)

    def trigger(self, name):
        first, end = TOGETHER[name]
        self.ask(f"/dags/{name}/dagRuns", {
            "dag_run_id": "first", "logical_date": f"{first}T00:00:00Z", "data_interval_start": f"{first}T00:00:00Z",
            "data_interval_end": f"{end}T00:00:00Z", "conf": {"home": str(self.folder / name / "served")}})

    def test_all_end_as_if_alone_though_server_and_worker_are_killed_twice(self):
        server = self.serve()
        for name in TOGETHER:
            self.until(lambda: self.loaded(name), f"{name} is loaded")
            self.trigger(name)
        for done in (5, 12):
            self.until(lambda: self.done() >= done, f"{done} tasks have succeeded")
            kill(server)
            server = self.serve()
        self.until(lambda: set(self.runs().values()) <= {"success", "failed"}, "all runs have ended")
        self.assertEqual(self.runs(), dict.fromkeys(TOGETHER, "success"))
        for name, (first, end) in TOGETHER.items():
            with self.subTest(name):
                self.name = name
                self.run_dag("--interval", f"{first}/{end}", "--run-id", "first", home=self.folder / name / "alone")
                self.assertEqual(contents(self.folder / name / "served"), contents(self.folder / name / "alone"))

    def loaded(self, name):
        try:
            return self.ask(f"/dags/{name}")["dag_id"] == name
        except urllib.error.HTTPError:
            return False
