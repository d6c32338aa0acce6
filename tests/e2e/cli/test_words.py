"""What commands say and refuse, one sentence of the manual each: beside a server and without one."""
import http.client
import json
import socket
import sqlite3
import threading
import time
import unittest

from serving import ServingTest


class Words(ServingTest):
    def serve_dag(self, text, dag="d"):
        self.save("d.yaml", text)
        self.serve()
        self.until_dag(dag)

    def run_of(self, dag, run_id, state):
        self.baton("trigger", dag, "--run-id", run_id)
        self.until(lambda: self.ask("GET", f"/api/v2/dags/{dag}/dagRuns/{run_id}")[1]["state"] == state, "its end")

    def test_a_bulk_by_id_is_literal_and_empty_is_not_all(self):
        self.serve_dag("dag: d\ntasks: {t: {noop: true}}\n")
        for run in ("nightly_1", "nightlyX1", "NIGHTLY_1"):
            self.run_of("d", run, "success")
        self.assertIn("1 runs", self.baton("bulk", "delete", "--id", "nightly_1", "--dry-run").stderr)
        self.assertIn("0 runs", self.baton("bulk", "delete", "--id", "%", "--dry-run").stderr)
        self.assertIn("--all", self.baton("bulk", "delete", "--id", "", code=2).stderr)
        self.assertEqual(422, self.ask("POST", "/api/v2/dags/~/dagRuns:bulk",
                                       {"action": "delete", "filter": {"dag_run_id_part": ""}})[0])
        self.assertEqual(3, len(self.runs("d")))

    def test_a_dead_letter_has_the_name_that_its_log_has(self):
        self.serve_dag("dag: d\ntasks:\n  t: {for_each: {items: [1, 2, 3]}, run: 'test ${{ item }} != 2'}\n")
        self.run_of("d", "r", "failed")
        self.until(lambda: "t[1]" in self.baton("dlq", "ls").stdout, "the letter of the second instance")
        self.assertNotIn("t[2]", self.baton("dlq", "ls").stdout)

    def test_checks_that_did_not_hold_stand_beside_their_task(self):
        self.serve_dag("dag: d\ntasks:\n  q: {checks: [{name: rows, run: exit 3, on_fail: warn}]}\n")
        self.run_of("d", "r", "success")
        self.assertIn("rows", self.baton("show", "d/r").stdout)

    def test_times_for_people_are_local_and_carry_their_offset(self):
        self.serve_dag("dag: d\nbreakers: {api: {consecutive: 1}}\ntasks: {t: {run: exit 1, breaker: api}}\n")
        self.run_of("d", "r", "failed")
        for words in (["dlq", "ls"], ["breaker", "ls"], ["breaker", "show", "api"]):
            told = self.baton(*words, TZ="Asia/Kolkata").stdout
            self.assertIn("+05:30", told, words)
            self.assertNotRegex(told, r"\dZ", words)

    def test_why_names_the_freeze_before_anything_else(self):
        self.serve_dag("dag: d\ntasks:\n  a: {run: 'until [ -e go ]; do sleep 0.02; done'}\n  b: {needs: a, run: 'true'}\n")
        self.baton("trigger", "d", "--run-id", "r")
        state = "/api/v2/dags/d/dagRuns/r/taskInstances/a"
        self.until(lambda: self.ask("GET", state)[1]["state"] == "running", "the first task")
        self.baton("server", "freeze", "--why", "maintenance")
        (self.folder / "dags" / "go").touch()
        self.until(lambda: self.ask("GET", state)[1]["state"] == "success", "its end")
        told = self.baton("why", "d/r", "b").stdout
        self.assertIn("the server is frozen", told)
        self.assertIn("maintenance", told)
        reasons = self.ask("GET", "/api/v2/dags/d/dagRuns/r/taskInstances/b/dependencies")[1]
        self.assertIn("frozen", json.dumps(reasons))

    def test_what_cannot_be_is_refused(self):
        self.serve_dag("dag: d\nassets: {a: 's3://a'}\ntasks: {t: {run: 'true', produces: [a]}}\n")
        for depth in ("0", "-1", "51"):
            self.baton("asset", "lineage", "a", "--depth", depth, code=2)
        self.assertIn("--why", self.baton("asset", "quarantine", "a", code=2).stderr)
        (self.folder / "nothing").mkdir()
        self.assertIn("no DAG file", self.baton("validate", "nothing", code=3).stderr)

    def test_what_is_exported_of_variables_is_imported_whole(self):
        self.serve_dag("dag: d\ntasks: {t: {noop: true}}\n")
        self.write("in.json", '{"a": "1", "b": {"value": "x", "description": "what it is"}}')
        self.baton("variable", "import", "in.json")
        told = json.loads(self.baton("variable", "export").stdout)
        self.assertEqual({"a": "1", "b": {"value": "x", "description": "what it is"}}, told)

    def test_a_hook_that_is_open_keeps_its_run(self):
        self.write("h.yaml", "dag: h\non_failure: {run: 'touch begun; until [ -e go ]; do sleep 0.02; done; echo end >> log'}\n"
                             "tasks: {a: {run: exit 1}}\n")
        process = self.begin("run", "-q", "h.yaml")
        self.until((self.folder / "begun").exists, "the hook")
        process.kill()
        process.wait()
        self.until(lambda: "hook" in self.baton("db", "forget", "h@latest", code=5).stderr, "it is refused")
        (self.folder / "go").touch()
        self.baton("resume", "h@latest", code=1)
        self.assertEqual("end\n", (self.folder / "log").read_text())
        self.baton("db", "forget", "h@latest")

    def test_rows_that_are_not_as_they_were_are_found(self):
        self.write("d.yaml", "dag: d\ntasks: {a: {run: 'true'}, b: {needs: a, run: 'true'}}\n")
        self.baton("run", "-q", "d.yaml")
        self.assertIn("whole", self.baton("db", "check").stdout)
        with sqlite3.connect(self.folder / ".baton" / "baton.db") as db:
            db.execute("UPDATE task_instance SET checksum = checksum + 1 WHERE instance_no = 1")
        told = self.baton("db", "check", code=70)
        self.assertIn("d/", told.stdout)
        self.assertIn("1 row is not", told.stderr)
        self.assertIn("damaged", self.baton("show", "d@latest").stdout)
        shown = json.loads(self.baton("show", "d@latest", "-o", "json").stdout)
        self.assertEqual([True, False], [one["damage"] is None for one in shown["task_instances"]])

    def test_a_link_in_the_folder_is_followed_and_what_it_points_to_watched(self):
        self.write("outside.yaml", "dag: linked\ndescription: first\ntasks: {t: {noop: true}}\n")
        self.write("more/other.yaml", "dag: other\ntasks: {t: {noop: true}}\n")
        (self.folder / "dags").mkdir()
        (self.folder / "dags" / "link.yaml").symlink_to("../outside.yaml")
        (self.folder / "dags" / "folder").symlink_to("../more")
        (self.folder / "dags" / "circle").symlink_to("..")
        self.serve()
        self.until_dag("linked")
        self.until_dag("other")
        self.write("outside.yaml", "dag: linked\ndescription: second\ntasks: {t: {noop: true}}\n")
        self.until(lambda: self.dag("linked")[1].get("description") == "second", "the edit behind the link")

    def test_a_folder_that_is_none_is_refused_and_one_that_is_not_there_told(self):
        self.write("file", "")
        self.assertIn("wants a folder", self.baton("server", "--dags", "file", "--listen", "127.0.0.1:0", code=2).stderr)
        process = self.begin("server", "--dags", "nowhere", "--listen", "localhost:0")
        self.until(lambda: self.server_info().get("pid") == process.pid, "the server")
        process.terminate()
        self.assertIn("there is no folder", process.communicate()[1])

    def test_calendars_and_hooks_of_the_settings_are_taken_while_it_runs(self):
        self.write("baton.yaml", "calendars: {off: {dates: [2020-01-01]}}\n")
        self.save("d.yaml", "dag: d\nschedule: {cron: '* * * * * *', calendar: {exclude: [off]}}\ntasks: {t: {noop: true}}\n")
        self.serve()
        self.until_dag("d")
        self.until(lambda: len(self.runs("d")) > 0, "a tick")
        days = "[" + ", ".join(time.strftime("%Y-%m-%d", time.gmtime(time.time() + day * 86400)) for day in (-1, 0, 1)) + "]"
        self.write("baton.yaml", f"calendars: {{off: {{dates: {days}}}}}\n")

        def is_off():
            next_at = self.dag("d")[1]["next_dagrun_run_after"]
            return next_at is not None and next_at[:10] > time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400))

        self.until(is_off, "no tick on a day that is off")

    def test_a_context_in_use_keeps_commands_from_the_folder_here(self):
        self.write("d.yaml", "dag: d\ntasks: {t: {run: 'true'}}\n")
        self.baton("run", "-q", "d.yaml")
        home = {"XDG_CONFIG_HOME": str(self.folder / "config")}
        self.baton("context", "add", "prod", "http://127.0.0.1:1", **home)
        self.baton("context", "use", "prod", **home)
        for words in (["ls"], ["show", "@latest"], ["retry", "@latest"], ["clear", "@latest"], ["logs", "@latest"]):
            self.assertIn("nobody answers at 127.0.0.1:1", self.baton(*words, code=7, **home).stderr, words)
        for words in (["db", "check"], ["db", "backup", "copy.db"]):
            self.assertIn('context "prod"', self.baton(*words, code=2, **home).stderr, words)
        self.baton("ls", "--state", ".baton", **home)
        self.baton("context", "rm", "prod", **home)
        self.assertIn("d", self.baton("ls", **home).stdout)
        self.baton("context", "rm", "prod", code=3, **home)

    def test_who_hangs_up_without_a_word_has_answered_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            def hang_up():
                link, _ = server.accept()
                link.recv(65536)
                link.close()
            thread = threading.Thread(target=hang_up)
            thread.start()
            home = {"XDG_CONFIG_HOME": str(self.folder / "config")}
            self.baton("context", "add", "prod", f"http://127.0.0.1:{server.getsockname()[1]}", **home)
            self.baton("context", "use", "prod", **home)
            self.assertIn("no answer came", self.baton("trigger", "d", code=6, **home).stderr)
            thread.join()

    def test_a_backup_takes_no_other_files_place(self):
        self.write("d.yaml", "dag: d\ntasks: {t: {run: 'true'}}\n")
        self.baton("run", "-q", "d.yaml")
        self.assertIn("no database", self.baton("db", "backup", "d.yaml", code=5).stderr)
        self.baton("db", "backup", "copy.db")
        self.baton("db", "backup", "copy.db")
        self.assertIn("dag: d", (self.folder / "d.yaml").read_text())

    def test_what_is_cleared_is_told_by_task_then_index(self):
        self.write("o.yaml", "dag: o\ntasks:\n  u: {for_each: {items: [1, 2, 3]}, run: 'true'}\n"
                             "  z: {needs: u, run: 'true'}\n")
        self.baton("run", "-q", "o.yaml")
        told = self.baton("clear", "@latest", "--dry-run", "-o", "json").stdout
        names = [(one["task_id"], one["map_index"]) for one in json.loads(told)["task_instances"]]
        self.assertEqual([("u", 0), ("u", 1), ("u", 2), ("z", -1)], names)

    def test_tasks_that_outlived_their_server_are_a_servers(self):
        self.save("d.yaml", "dag: d\ntasks: {t: {run: 'until [ -e go ]; do sleep 0.02; done'}}\n")
        self.serve()
        self.until_dag("d")
        self.baton("trigger", "d", "--run-id", "r")
        self.until(lambda: self.ask("GET", "/api/v2/dags/d/dagRuns/r/taskInstances/t")[1]["state"] == "running", "it runs")
        self.process.kill()
        self.process.wait()
        told = self.baton("ps")
        self.assertIn("`baton server` takes them over", told.stderr)
        self.assertNotIn("baton resume", told.stdout)
        (self.folder / "dags" / "go").touch()
        self.serve()
        self.until(lambda: self.ask("GET", "/api/v2/dags/d/dagRuns/r")[1]["state"] == "success", "its end")

    def test_a_proxys_host_is_let_in_where_it_is_named(self):
        self.write("baton.yaml", "listen: '127.0.0.1:0'\npublic_url: https://baton.example.org/jobs\n")
        (self.folder / "dags").mkdir()
        process = self.begin("server")
        self.until(lambda: self.server_info().get("pid") == process.pid, "the server")
        port = int(self.server_info()["url"].rsplit(":", 1)[1])
        for host, expected in (("baton.example.org", 200), ("evil.example.org", 421), (f"127.0.0.1:{port}", 200)):
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/healthz", headers={"Host": host})
            self.assertEqual(expected, connection.getresponse().status, host)
            connection.close()
        self.write("baton.yaml", "public_url: not a url\n")
        self.assertIn("public_url", self.baton("server", "--state", "other", code=2).stderr)

    def test_a_letter_that_is_not_there_is_no_part_of_a_job(self):
        self.serve_dag("dag: d\ntasks: {t: {run: exit 1}}\n")
        self.run_of("d", "r", "failed")
        self.until(lambda: "d/r" in self.baton("dlq", "ls").stdout, "the letter")
        self.baton("dlq", "redrive", "1", "999", code=3)
        self.baton("dlq", "redrive", "1", "999", "--dry-run", code=3)
        self.baton("dlq", "discard", "1")
        self.baton("dlq", "redrive", "1", "--dry-run", code=5)

    def test_commands_find_a_busy_server(self):
        self.save("d.yaml", "dag: d\nschedule: '* * * * * *'\nmax_active_runs: 9\ntasks: {t: {noop: true}}\n")
        self.serve()
        self.until_dag("d")
        lock = self.folder / ".baton" / "baton.db.lock"
        for n in range(40):
            self.baton("trigger", "d", "--run-id", f"r{n}")
        self.assertEqual(["", "server"], lock.read_text().splitlines()[1:], "a server is named, and none of its runs")


if __name__ == "__main__":
    unittest.main()
