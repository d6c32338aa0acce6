"""Schemathesis asks the server what its own description allows and forbids: no answer is a 5xx, has a status that is
not described, or a body, a header or a media type that is not as described; and nothing is answered without a token."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "cli"))
from serving import ServingTest  # noqa: E402

import venvs  # noqa: E402
from test_clients import THREE  # noqa: E402

CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
          "response_schema_conformance,ignored_auth")
# A few for each operation while working; BATON_EXAMPLES asks for more, and then for each limit of each parameter too.
EXAMPLES = os.environ.get("BATON_EXAMPLES", "4")
PHASES = "coverage,fuzzing" if "BATON_EXAMPLES" in os.environ else "fuzzing"
# Streams without an end, and what ends the session of the test itself.
LEFT_OUT = ("/api/v2/events", "/auth/logout")
# Methods that no operation has: TRACE is answered 501 by the server for every path, described or not.
SETTINGS = '[phases.coverage]\nunexpected-methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]\n'


class Schemathesis(ServingTest):
    def test_every_answer_is_as_described(self):
        try:
            program = venvs.venv_with(*venvs.SCHEMATHESIS) / "schemathesis"
        except venvs.Unreachable as why:
            self.skipTest(str(why))
        self.save("three.yaml", THREE)
        self.serve()
        self.until_dag("three")
        self.ask("POST", "/api/v2/dags/three/dagRuns", {"logical_date": None, "dag_run_id": "r"})
        settings = self.write("schemathesis.toml", SETTINGS)
        done = subprocess.run(
            [program, "--config-file", settings, "run", self.url + "/openapi.json", "--header",
             "Authorization: Bearer " + self.token, "--checks", CHECKS, "--phases", PHASES, "--max-examples", EXAMPLES,
             "--seed", "7", "--generation-database", "none", "--continue-on-failure", "--request-timeout", "20",
             "--no-color", *(word for path in LEFT_OUT for word in ("--exclude-path", path))],
            cwd=self.folder, text=True, capture_output=True, timeout=600)
        self.assertEqual(0, done.returncode, done.stdout[-12000:] + done.stderr[-3000:])
        self.assertRegex(done.stdout, r"[1-9]\d+ generated")  # it has asked at all
        self.assertEqual([], re.findall(r"\d+ errored", done.stdout))
        self.assertIsNone(self.process.poll(), "the server has ended")


if __name__ == "__main__":
    unittest.main()
