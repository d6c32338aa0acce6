"""Programs of PyPI that speak Airflow's API, unmodified, against a real `baton server`."""
import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "cli"))
from serving import ServingTest  # noqa: E402

import venvs  # noqa: E402

THREE = """\
dag: three
description: A DAG for clients.
owner: people
tags: [demo]
schedule: "@daily"
timeout: 1h
params: {n: {type: integer, default: 1}}
tasks:
  first: {run: "exit 3", retries: {max: 0}}
  second: {run: 'echo "{\\"answer\\": 42}" > "$BATON_OUTPUT"', outputs: {answer: int}}
  left: {run: "true", group: both}
  right: {run: "true", group: both}
  each: {for_each: {items: [a, b]}, run: "echo ${{ item }}"}
"""


ASKING = """
dag: asking
tasks:
  ask: {approval: {prompt: "Go?", self: true, params: {share: {type: integer, default: 1}}}}
"""


class Clients(ServingTest):
    def setUp(self):
        super().setUp()
        self.save("three.yaml", THREE)
        self.save("asking.yaml", ASKING)
        self.serve()
        self.until_dag("three")
        self.until_dag("asking")
        self.ask("POST", "/api/v2/dags/asking/dagRuns", {"logical_date": None, "dag_run_id": "r"})
        self.ask("POST", "/api/v2/dags/three/dagRuns", {"logical_date": None, "dag_run_id": "r"})
        self.until(lambda: self.ask("GET", "/api/v2/dags/three/dagRuns/r")[1]["state"] == "failed", "the run's end")

    def had(self, get, *wanted):
        try:
            return get(*wanted)
        except venvs.Unreachable as why:
            self.skipTest(str(why))

    def probe(self, python, probe, **extra):
        env = {**os.environ, "HOME": str(self.folder), **extra}
        done = subprocess.run([python, HERE / probe, self.url, self.token], cwd=self.folder, env=env, text=True,
                              capture_output=True, timeout=180)
        self.assertEqual(0, done.returncode, f"{probe}\n{done.stdout[-8000:]}\n{done.stderr[-3000:]}")

    def use_client(self, version):
        python, path = self.had(venvs.client, version)
        self.probe(python, "probe_client.py", PYTHONPATH=path)

    def test_the_client_3_0(self):
        self.use_client("3.0.2")

    def test_the_client_3_1(self):
        self.use_client("3.1.8")

    def test_the_client_3_2(self):
        self.use_client("3.2.2")

    def test_the_client_3_3(self):
        self.use_client("3.3.2")

    def test_the_tools_of_astro(self):
        self.probe(self.had(venvs.venv_with, *venvs.TOOLS) / "python", "probe_mcp.py")

    def test_airflowctl(self):
        python = self.had(venvs.venv_with, *venvs.CTL) / "python"
        self.probe(python, "probe_ctl.py", AIRFLOW_CLI_TOKEN=self.token, AIRFLOW_CLI_API_URL=self.url,
                   AIRFLOW_HOME=str(self.folder))


if __name__ == "__main__":
    unittest.main()
