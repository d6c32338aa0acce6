"""Programs of PyPI that speak Airflow's API, unmodified, against a real `baton server`."""
import json
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
  each: {for_each: {items: [a, b]}, run: "echo ${{ item }}"}
"""


class Clients(ServingTest):
    def setUp(self):
        super().setUp()
        self.save("three.yaml", THREE)
        self.serve()
        self.until_dag("three")
        self.ask("POST", "/api/v2/dags/three/dagRuns", {"logical_date": None, "dag_run_id": "r"})
        self.until(lambda: self.ask("GET", "/api/v2/dags/three/dagRuns/r")[1]["state"] == "failed", "the run's end")

    def programs_of(self, package, version):
        try:
            return venvs.venv_with(package, version)
        except venvs.Unreachable as why:
            self.skipTest(str(why))

    def finish(self, *words, **extra):
        env = {**os.environ, "HOME": str(self.folder), **extra}
        done = subprocess.run(words, cwd=self.folder, env=env, text=True, capture_output=True, timeout=120)
        self.assertEqual(0, done.returncode, f"{words}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}")
        return done.stdout

    def test_the_client_3_0(self):
        python = self.programs_of("apache-airflow-client", "3.0.2") / "python"
        self.finish(python, HERE / "probe_client.py", self.url, self.token)

    def test_the_client_3_3(self):
        python = self.programs_of("apache-airflow-client", "3.3.0") / "python"
        self.finish(python, HERE / "probe_client.py", self.url, self.token)

    def test_the_tools_of_astro(self):
        python = self.programs_of("astro-airflow-mcp", "0.9.1") / "python"
        self.finish(python, HERE / "probe_mcp.py", self.url, self.token)

    def test_airflowctl(self):
        ctl = self.programs_of("apache-airflow-ctl", "0.1.5") / "airflowctl"
        env = {"AIRFLOW_CLI_TOKEN": self.token, "AIRFLOW_CLI_API_URL": self.url, "AIRFLOW_HOME": str(self.folder)}
        use = lambda *words: self.finish(ctl, *words, **env)
        use("auth", "login", "--api-url", self.url, "--api-token", self.token, "--skip-keyring")
        self.assertIn("three", use("dags", "list", "-o", "json"))
        self.assertIn("A DAG for clients.", use("dags", "get", "three", "-o", "json"))
        for words in (("dags", "get-details", "three"), ("dags", "get-tags"), ("dags", "get-stats", "--dag-ids", "three"),
                      ("dags", "list-version", "three"), ("dags", "get-version", "three", "1"), ("dags", "list-import-errors"),
                      ("dags", "list-warning"), ("dags", "pause", "three"), ("dags", "unpause", "three"),
                      ("dags", "trigger", "three"), ("dagrun", "get", "three", "r"), ("jobs", "list"), ("pools", "list"),
                      ("variables", "list"), ("plugins", "list"), ("providers", "list"), ("connections", "list"),
                      ("version", "--remote")):
            with self.subTest(words):
                use(*words)


if __name__ == "__main__":
    unittest.main()
