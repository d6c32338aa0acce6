"""Secrets of a state folder and variables: set without and beside a server, given to tasks, and found nowhere else."""
import json
import os
import pathlib
import stat
import subprocess
import unittest

from serving import ServingTest
from support import BATON, WAIT_SECONDS

CANARY = "c4n4ry-7f3e-0d51-kept-secret"
DAG = ("dag: d\ntasks:\n  t:\n    env: {PASSWORD: {secret: warehouse}}\n"
       "    run: echo \"got $PASSWORD\"; test -z \"${WANTED:-}\" || test \"$PASSWORD\" = \"$WANTED\"; echo ${#PASSWORD} > length\n")


class Secrets(ServingTest):
    def put(self, name, value, *words, code=0):
        done = subprocess.run([BATON, "secret", "set", name, *words], cwd=self.folder, env=self.environment(), text=True,
                              input=value, capture_output=True, timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def names(self):
        return [one["name"] for one in self.json("secret", "ls")["secrets"]]

    def places_of(self, text):
        """Files of the test's folder that hold it, but for the DAG that a test wrote."""
        found = []
        for root, _, files in os.walk(self.folder):
            for name in files:
                path = pathlib.Path(root, name)
                if path.is_file() and text.encode() in path.read_bytes():
                    found.append(str(path.relative_to(self.folder)))
        return found

    def test_a_secret_reaches_its_task_and_nothing_else(self):
        self.write("d.yaml", DAG)
        refused = self.baton("run", "d.yaml", code=2)
        self.assertIn('secret "warehouse" is not set', refused.stderr)
        self.put("warehouse", CANARY + "\n")
        self.assertEqual(["warehouse"], self.names())
        self.baton("run", "d.yaml")
        self.assertEqual(str(len(CANARY)), (self.folder / "length").read_text().strip(), "the line break is no part of it")
        self.assertIn("got ***", self.baton("logs", "@latest").stdout)
        self.assertEqual([], self.places_of(CANARY))
        for name in ("secrets.json", "secrets.key"):
            self.assertEqual(0o600, stat.S_IMODE((self.folder / ".baton" / name).stat().st_mode), name)
        self.baton("secret", "rm", "warehouse")
        self.assertEqual([], self.names())
        self.baton("secret", "rm", "warehouse", code=3)
        self.baton("run", "d.yaml", code=2)

    def test_the_environment_goes_before_what_is_kept(self):
        self.write("d.yaml", DAG)
        self.put("warehouse", CANARY)
        self.baton("run", "d.yaml", BATON_SECRET_WAREHOUSE="12345678")
        self.assertEqual("8", (self.folder / "length").read_text().strip())

    def test_a_file_of_several_lines_keeps_its_last_break(self):
        self.write("d.yaml", DAG)
        (self.folder / "key").write_text("first line\nsecond line\n")
        self.baton("secret", "set", "warehouse", "--from-file", "key")
        self.baton("run", "d.yaml")
        self.assertEqual("23", (self.folder / "length").read_text().strip())

    def test_what_no_task_could_get_is_refused(self):
        self.put("warehouse", "", code=2)
        self.put("warehouse", "a\0b", code=2)
        self.put("warehouse", "x" * 70_000, code=2)
        self.put("no/name", "x", code=2)
        self.put("../up", "x", code=2)
        self.assertEqual([], self.names())

    def test_a_lost_key_a_foreign_one_and_a_damaged_box_are_told(self):
        self.write("d.yaml", DAG)
        self.put("warehouse", CANARY)
        state = self.folder / ".baton"
        key = (state / "secrets.key").read_text()
        (state / "secrets.key").chmod(0o644)
        self.assertIn("chmod 600", self.baton("run", "d.yaml", code=2).stderr)
        (state / "secrets.key").chmod(0o600)
        (state / "secrets.key").write_text("A" * 43 + "=\n")
        self.assertIn("another key", self.baton("run", "d.yaml", code=2).stderr)
        (state / "secrets.key").unlink()
        self.assertIn("missing", self.baton("run", "d.yaml", code=2).stderr)
        self.put("other", "y", code=70)  # a new key would make the old box unreadable for ever
        (state / "secrets.key").write_text(key)
        (state / "secrets.key").chmod(0o600)
        kept = json.loads((state / "secrets.json").read_text())
        kept["secrets"]["other"] = kept["secrets"]["warehouse"]
        (state / "secrets.json").write_text(json.dumps(kept))
        self.write("d.yaml", DAG.replace("warehouse", "other"))
        self.assertIn("cannot be read", self.baton("run", "d.yaml", code=2).stderr, "a box under another name")
        (state / "secrets.json").write_text("{")
        self.assertIn("damaged", self.baton("run", "d.yaml", code=2).stderr)

    def test_the_key_may_be_a_credential_of_systemd(self):
        self.write("d.yaml", DAG)
        self.put("warehouse", CANARY)
        credentials = self.folder / "credentials"
        credentials.mkdir()
        (self.folder / ".baton" / "secrets.key").rename(credentials / "baton-secrets-key")
        self.baton("run", "d.yaml", code=2)
        self.baton("run", "d.yaml", CREDENTIALS_DIRECTORY=str(credentials))

    def test_a_server_takes_them_and_gives_none_back(self):
        self.save("d.yaml", DAG)
        self.serve()
        self.until_dag("d")
        self.put("warehouse", CANARY)
        status, all_of_them = self.ask("GET", "/api/v2/secrets")
        self.assertEqual((200, ["warehouse"]), (status, [one["name"] for one in all_of_them["secrets"]]))
        self.baton("trigger", "d", "--wait")
        self.assertEqual(str(len(CANARY)), (self.folder / "dags" / "length").read_text().strip())
        self.assertEqual(204, self.ask("PUT", "/api/v2/secrets/other", {"value": CANARY + "2"},
                                       Idempotency_Key="k")[0])
        self.assertEqual(422, self.ask("PUT", "/api/v2/secrets/other", {"value": 12345678901})[0])
        self.assertNotIn("12345678901", json.dumps(self.ask("PUT", "/api/v2/secrets/other", {"value": 12345678901})[1]))
        self.assertEqual(422, self.ask("PUT", "/api/v2/secrets/other", {"value": ""})[0])
        self.assertEqual(422, self.ask("PUT", "/api/v2/secrets/no%2Fname", {"value": "x"})[0])
        self.assertEqual(405, self.ask("GET", "/api/v2/secrets/other")[0])
        audit = self.ask("GET", "/api/v2/eventLogs?limit=100")[1]["event_logs"]
        told = [one for one in audit if one["event"] == "set_secret"]
        self.assertEqual(2, len([one for one in told if "other" in json.dumps(one) or "warehouse" in json.dumps(one)]))
        self.assertNotIn(CANARY, json.dumps(audit))
        self.baton("secret", "rm", "other")
        self.assertEqual(404, self.ask("DELETE", "/api/v2/secrets/other")[0])
        refused = self.ask("POST", "/auth/token", {"password": CANARY})
        self.assertEqual((422, False), (refused[0], CANARY in json.dumps(refused[1])), "a password is not told back")
        self.assertEqual([], self.places_of(CANARY))


class Variables(ServingTest):
    DAG = ("dag: d\ntasks:\n  t:\n    env: {REGION: \"${{ var('region', 'none') }}\"}\n    run: echo $REGION >> regions\n")

    def regions(self, folder="."):
        return (self.folder / folder / "regions").read_text().split()

    def test_they_are_set_read_changed_and_removed_without_a_server(self):
        self.write("d.yaml", self.DAG)
        self.assertEqual([], self.json("variable", "ls")["variables"])
        self.baton("run", "d.yaml")
        self.baton("variable", "set", "region", "eu", "--description", "where it runs")
        self.baton("run", "d.yaml")
        self.assertEqual("EU\n", self.baton("expr", "var('region').upper()").stdout)
        self.baton("expr", "var('none')", code=2)
        self.assertEqual("x\n", self.baton("expr", "var('regio', 'x')").stdout)
        self.baton("variable", "set", "region", "us")
        self.assertEqual("us\n", self.baton("variable", "get", "region").stdout)
        self.assertEqual("where it runs", self.json("variable", "get", "region")["description"])
        self.baton("run", "d.yaml")
        self.baton("variable", "rm", "region")
        self.baton("variable", "rm", "region", code=3)
        self.baton("variable", "get", "region", code=3)
        self.baton("run", "d.yaml")
        self.assertEqual(["none", "eu", "us", "none"], self.regions())

    def test_one_that_is_missing_fails_its_task_with_what_to_type(self):
        self.write("d.yaml", self.DAG.replace(", 'none'", ""))
        self.baton("run", "d.yaml", code=1)
        self.assertIn('there is no variable "region": set it', self.baton("show", "@latest").stdout)

    def test_a_value_is_no_part_of_the_script(self):
        self.write("d.yaml", "dag: d\ntasks:\n  t: {run: \"echo ${{ var('region') }} > regions\"}\n")
        self.baton("variable", "set", "region", "$(touch owned); `touch owned` 'x")
        self.baton("run", "d.yaml")
        self.assertEqual("$(touch owned); `touch owned` 'x", (self.folder / "regions").read_text().strip())
        self.assertFalse((self.folder / "owned").exists())

    def test_they_come_and_go_as_a_file(self):
        self.write("v.json", json.dumps({"a": "1", "b": {"x": [1.0, 1e20]}, "c": {"value": "z", "description": "why"}}))
        self.baton("variable", "import", "v.json")
        self.assertEqual({"a": "1", "b": '{"x":[1.0,1e+20]}', "c": {"value": "z", "description": "why"}},
                         json.loads(self.baton("variable", "export").stdout))
        self.baton("variable", "import", "none.json", code=3)
        self.write("v.json", "[1]")
        self.baton("variable", "import", "v.json", code=2)

    def test_a_server_gives_a_task_what_holds_now_also_after_a_restart(self):
        self.save("d.yaml", "dag: d\ntasks:\n  first: {run: 'until [ -e go ]; do sleep 0.02; done'}\n  t:\n    needs: first\n"
                  "    env: {REGION: \"${{ var('region') }}\"}\n    run: echo $REGION >> regions\n")
        self.serve()
        self.until_dag("d")
        self.baton("variable", "set", "region", "eu")
        self.assertEqual(200, self.ask("POST", "/api/v2/dags/d/dagRuns", {"dag_run_id": "r", "logical_date": None})[0])
        self.baton("variable", "set", "region", "us")
        self.process.kill()
        self.process.wait()
        self.serve()
        (self.folder / "dags" / "go").touch()
        self.until(lambda: self.ask("GET", "/api/v2/dags/d/dagRuns/r")[1]["state"] == "success", "its end")
        self.assertEqual(["us"], self.regions("dags"))
        self.assertEqual("us\n", self.baton("variable", "get", "region").stdout)
        self.assertEqual("us", self.ask("GET", "/api/v2/variables/region")[1]["value"])


if __name__ == "__main__":
    unittest.main()
