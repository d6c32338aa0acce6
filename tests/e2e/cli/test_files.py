"""Commands on DAG files and expressions: nothing runs."""
import json
import subprocess
import unittest

from support import BATON, CliTest

GOOD = "dag: good\nparams:\n  n: {type: integer, default: 3}\nenv:\n  DAY: ${{ interval.start.format(\"%Y-%m-%d\") }}\ntasks:\n  a: {run: echo hi}\n  b: {needs: a, run: echo ho}\n"
BAD = "dag: bad\ntasks:\n  a: {needs: [bb], run: x}\n  b: {rnu: x}\n"


class Validate(CliTest):
    def test_all_mistakes_of_all_files_and_exit_code_2(self):
        self.write("dags/good.yaml", GOOD)
        self.write("dags/deep/bad.yml", BAD)
        done = self.baton("validate", "dags", code=2)
        self.assertIn("dags/deep/bad.yml:3:", done.stdout)
        self.assertIn('did you mean "b"?', done.stdout)
        self.assertIn('did you mean "run"?', done.stdout)
        self.assertIn("in 2 files", done.stdout)

    def test_formats_for_programs(self):
        self.write("bad.yaml", BAD)
        findings = self.json("validate", "bad.yaml", code=2)
        self.assertLessEqual({"file", "line", "column", "end_column", "severity", "rule", "message", "hint"}, set(findings[0]))
        self.assertRegex(findings[0]["excerpt"], r"^ +3 \| .*\n +\| +\^")
        sarif = json.loads(self.baton("validate", "bad.yaml", "-o", "sarif", code=2).stdout)
        self.assertEqual(sarif["version"], "2.1.0")
        self.assertTrue(self.baton("validate", "bad.yaml", "-o", "github", code=2).stdout.startswith("::error file=bad.yaml,line=3"))
        lines = self.baton("validate", "bad.yaml", "-o", "jsonl", code=2).stdout.splitlines()
        self.assertEqual([json.loads(line) for line in lines], findings)

    def test_good_files_are_0_and_a_missing_one_3(self):
        self.write("good.yaml", GOOD)
        self.baton("validate", "good.yaml")
        self.assertEqual(self.json("validate", "good.yaml"), [])
        self.assertIn("no file or folder", self.baton("validate", "nope", code=3).stderr)


class Fmt(CliTest):
    def test_check_names_what_would_change_and_fmt_changes_it(self):
        path = self.write("a.yaml", "dag: a   \n\n\n\ntasks:\n    x:\n        run: echo hi   # why\n")
        self.assertIn("a.yaml", self.baton("fmt", "--check", "a.yaml", code=2).stdout)
        self.baton("fmt", "a.yaml")
        self.assertEqual(path.read_text(), "dag: a\n\ntasks:\n  x:\n    run: echo hi   # why\n")
        self.assertEqual(self.baton("fmt", "--check", "a.yaml").stdout, "")

    def test_a_file_that_is_no_yaml_is_left_alone(self):
        path = self.write("a.yaml", "dag: [a\n")
        self.baton("fmt", "a.yaml", code=2)
        self.assertEqual(path.read_text(), "dag: [a\n")


class GraphAndSchema(CliTest):
    def test_pictures(self):
        self.write("good.yaml", GOOD)
        self.assertIn("digraph", self.baton("graph", "good.yaml", "--dot").stdout)
        self.assertIn("flowchart", self.baton("graph", "good.yaml", "--mermaid").stdout)
        self.assertIn("b", self.baton("graph", "good.yaml").stdout)
        self.baton("graph", "good.yaml", "--dot", "--mermaid", code=2)

    def test_schema_is_json(self):
        self.assertIn("properties", json.loads(self.baton("schema").stdout))


class Expr(CliTest):
    def test_values_with_their_types(self):
        cases = {"6 * 7": ("int", 42), "1.5": ("double", 1.5), "null": ("null", None), "[1, 'a']": ("list", [1, "a"]),
                 "{'a': true}": ("map", {"a": True}), "timestamp('2026-01-01T00:00:00Z')": ("timestamp", "2026-01-01T00:00:00Z"),
                 "duration('3500ms')": ("duration", "3.5s"), "1.0 / 0.0": ("double", "Infinity")}
        for text, (kind, value) in cases.items():
            self.assertEqual(self.json("expr", text), {"type": kind, "value": value}, text)

    def test_let_and_negative_first(self):
        self.assertEqual(self.json("expr", "a.b[0] + 1", "--let", 'a={"b": [41]}')["value"], 42)
        self.assertEqual(self.baton("expr", "--", "-1 + 2").stdout, "1\n")

    def test_names_of_a_file(self):
        self.write("good.yaml", GOOD)
        self.assertEqual(self.json("expr", "params.n * 2", "-f", "good.yaml", "-p", "n=21")["value"], 42)
        self.assertEqual(self.json("expr", "env.DAY + dag.id", "-f", "good.yaml", "--interval", "2026-01-31")["value"], "2026-01-31good")
        self.assertIn("--let tasks=JSON", self.baton("expr", "tasks.a.state", "-f", "good.yaml", code=2).stderr)

    def test_errors_have_a_caret_and_code_2(self):
        done = self.baton("expr", "1 + nope", code=2)
        self.assertIn("  1 + nope\n      ^~~~", done.stderr)
        self.assertEqual(done.stdout, "")


class DagNext(CliTest):
    def test_ticks_from_a_time_on_that_time_included(self):
        self.write("s.yaml", 'dag: s\nschedule: {cron: "30 2 * * *", timezone: Europe/Berlin}\ntasks:\n  a: {run: x}\n')
        ticks = self.json("dag", "next", "s.yaml", "-n", "2", "--from", "2026-03-28T01:30:00Z")
        self.assertEqual(ticks, [
            {"run_after": "2026-03-28T01:30:00Z", "logical_date": "2026-03-27T01:30:00Z",
             "data_interval_start": "2026-03-27T01:30:00Z", "data_interval_end": "2026-03-28T01:30:00Z"},
            {"run_after": "2026-03-29T01:00:00Z", "logical_date": "2026-03-28T01:30:00Z",
             "data_interval_start": "2026-03-28T01:30:00Z", "data_interval_end": "2026-03-29T01:00:00Z"}])

    def test_without_a_schedule_there_are_none(self):
        self.write("good.yaml", GOOD)
        self.assertEqual(self.json("dag", "next", "good.yaml"), [])
        self.assertIn("no schedule", self.baton("dag", "next", "good.yaml").stderr)


class Talk(CliTest):
    def test_usage_errors_are_2_and_say_what_was_meant(self):
        self.assertIn('did you mean "validate"?', self.baton("vaildate", code=2).stderr)
        self.assertIn('did you mean "--dry-run"?', self.baton("run", "x", "--dryrun", code=2).stderr)
        self.assertIn("baton run --help", self.baton("run", code=2).stderr)

    def test_help_of_every_command(self):
        words = [line.split("  ")[1].strip() for line in self.baton("help").stdout.splitlines() if line.startswith("  ") and "baton " not in line]
        self.assertGreater(len(words), 20)
        for command in words:
            self.assertIn("Examples", self.baton(*command.split(), "-h").stdout)

    def test_colours_only_where_they_are_wanted(self):
        self.write("bad.yaml", BAD)
        self.assertNotIn("\x1b", self.baton("validate", "bad.yaml", code=2).stdout)
        self.assertIn("\x1b[", self.baton("validate", "bad.yaml", "--color", "always", code=2).stdout)
        self.assertNotIn("\x1b", self.baton("validate", "bad.yaml", "--color", "never", code=2).stdout)

    def test_version_names_the_libraries(self):
        version = self.json("version")
        self.assertRegex(version["version"], r"^\d+\.\d+\.\d+$")
        self.assertIn("sqlite", version["libraries"])

    def test_doctor_has_a_verdict_on_each_thing(self):
        report = self.json("doctor")
        self.assertTrue(report["ok"], report)
        checks = {check["name"]: check for check in report["checks"]}
        self.assertLessEqual({"kernel", "worker", "shell", "state folder", "database", "time zones", "clock"}, set(checks))
        for check in checks.values():
            self.assertEqual(check["what_to_do"] is None, check["status"] == "ok", check)

    def test_completion_of_bash_completes(self):
        script = f"PATH={BATON.rsplit('/', 1)[0]}:$PATH; source <(baton completion bash); " + \
            'COMP_WORDS=(baton "$@"); COMP_CWORD=$#; _baton; printf "%s\\n" "${COMPREPLY[@]}"'

        def completed(*words):
            return subprocess.run(["bash", "-c", script, "bash", *words], cwd=self.folder, env=self.environment(),
                                  capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(completed("val"), ["validate"])
        self.assertEqual(completed("dag", "n"), ["next"])
        self.assertEqual(completed("run", "--dry"), ["--dry-run"])
        self.assertEqual(completed("validate", "-o", "sa"), ["sarif"])
        self.assertEqual(completed("show", "@"), ["@latest"])

    def test_manual_page(self):
        self.assertTrue(self.baton("help", "--manual").stdout.startswith(".TH BATON 1"))


if __name__ == "__main__":
    unittest.main()
