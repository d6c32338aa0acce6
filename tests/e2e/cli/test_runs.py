"""Runs by the built binary: to their end, failing, stopped, killed and resumed; and everything that reads them."""
import json
import os
import pty
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import unittest

from support import BATON, WAIT_SECONDS, CliTest

PIPELINE = """
dag: pipe
params:
  n: {type: integer, default: 2}
  regions: {type: array, items: {type: string}, default: [eu, us]}
tasks:
  count:
    run: |
      echo "counting to ${{ params.n }}"
      echo "::warning::low"
      echo '{"rows": 41}' > "$BATON_OUTPUT"
    outputs: {rows: int}
  load:
    needs: count
    for_each: {items: "${{ params.regions }}", as: region}
    run: echo "loading ${{ region }}"
  skipped: {needs: count, if: "${{ params.n > 100 }}", run: echo never}
"""

FAILING = """
dag: failing
tasks:
  ok: {run: echo fine; echo x >> ok.txt}
  bad:
    needs: ok
    retries: {max: 1, delay: 10ms, backoff: constant}
    run: |
      echo "try $BATON_TRY_NUMBER"
      test -e mended || { echo "no luck" >&2; exit 3; }
  after: {needs: bad, run: echo after}
"""

MAPPED = """
dag: mapped
tasks:
  source:
    run: touch held.txt; until [ -e go ]; do sleep 0.02; done; echo '{"list":[7,8]}' > "$BATON_OUTPUT"
    outputs: {list: list}
  each:
    needs: source
    for_each: {items: "${{ tasks.source.outputs.list }}", as: x}
    run: echo ${{ x }} >> items.txt
"""

WAITING = """
dag: waiting
tasks:
  first: {run: echo x >> first.txt}
  held:
    needs: first
    grace: 1s
    run: |
      echo x >> held.txt
      while [ ! -e go ]; do sleep 0.05; done
  last: {needs: held, run: echo x >> last.txt}
"""

# What Airflow's client requires of these objects, as far as a command can know it.
RUN_FIELDS = {"dag_run_id", "dag_id", "logical_date", "queued_at", "start_date", "end_date", "duration", "data_interval_start",
              "data_interval_end", "run_after", "run_type", "state", "state_reason", "triggered_by", "conf", "note",
              "dag_versions", "dag_display_name"}
INSTANCE_FIELDS = {"id", "task_id", "dag_id", "dag_run_id", "map_index", "logical_date", "run_after", "start_date", "end_date",
                   "duration", "state", "state_reason", "try_number", "max_tries", "hostname", "pool", "pool_slots",
                   "priority_weight", "operator", "queued_when", "scheduled_when", "pid", "note", "rendered_map_index"}


class Run(CliTest):
    def test_a_run_that_succeeds(self):
        self.write("pipe.yaml", PIPELINE)
        done = self.baton("run", "pipe.yaml", "-p", "regions=eu,us,ap")
        self.assertIn("pipe succeeded in", done.stdout)
        self.assertRegex(done.stderr, r"\d\d:\d\d:\d\d\.\d{3}  load\[us\] +success +[\d.]+m?s")
        self.assertNotIn("\x1b", done.stdout + done.stderr)
        self.assertEqual(self.states(), {"count": "success", "load[0]": "success", "load[1]": "success",
                                         "load[2]": "success", "skipped": "skipped"})

    def test_json_is_the_run_with_its_task_instances(self):
        self.write("pipe.yaml", PIPELINE)
        run = self.json("run", "pipe.yaml", "--run-id", "mine", "--interval", "2026-01-31")
        self.assertLessEqual(RUN_FIELDS, set(run))
        self.assertEqual((run["dag_run_id"], run["state"], run["run_type"]), ("mine", "success", "manual"))
        self.assertIsNone(run["logical_date"])
        self.assertEqual(run["data_interval_start"], "2026-01-31T00:00:00Z")
        self.assertEqual(run["data_interval_end"], "2026-02-01T00:00:00Z")
        self.assertEqual(run["conf"], {"n": 2, "regions": ["eu", "us"]})
        self.assertEqual(run["total_entries"], 4)
        for instance in run["task_instances"]:
            self.assertLessEqual(INSTANCE_FIELDS, set(instance))
        by_id = {(t["task_id"], t["map_index"]): t for t in run["task_instances"]}
        self.assertEqual(by_id["count", -1]["outputs"], {"rows": 41})
        self.assertEqual(by_id["load", 1]["rendered_map_index"], "us")
        self.assertEqual((by_id["skipped", -1]["state"], by_id["skipped", -1]["state_reason"]), ("skipped", "condition"))
        shown = self.json("show", "mine")
        for instance in shown["task_instances"]:
            instance.pop("tries")
        self.assertEqual(shown, run)

    def test_jsonl_has_a_line_for_each_change_and_the_run_at_the_end(self):
        self.write("pipe.yaml", PIPELINE)
        lines = [json.loads(line) for line in self.baton("run", "pipe.yaml", "-o", "jsonl").stdout.splitlines()]
        self.assertEqual(lines[-1]["state"], "success")
        self.assertIn(("count", "success"), {(line["task_id"], line["state"]) for line in lines[:-1]})

    def test_a_failed_run_says_what_failed_and_what_to_type(self):
        self.write("failing.yaml", FAILING)
        done = self.baton("run", "failing.yaml", code=1)
        self.assertIn("✗ bad  exit code 3, try 2 of 2", done.stdout)
        self.assertIn("    │ no luck", done.stdout)
        self.assertIn("baton retry @latest", done.stdout)
        self.assertEqual(self.states(), {"ok": "success", "bad": "failed", "after": "upstream_failed"})

    def test_what_the_worker_could_not_do_stands_in_the_note(self):
        self.write("flood.yaml", "dag: flood\ntasks:\n  t: {log_limit: 64Ki, run: head -c 4000000 /dev/zero}\n")
        run = self.json("run", "flood.yaml")
        self.assertEqual(run["state"], "success")
        self.assertIn("the middle of its log was left out", run["task_instances"][0]["note"])

    def test_an_invalid_file_is_2_with_all_its_mistakes_and_starts_nothing(self):
        self.write("bad.yaml", "dag: bad\ntasks:\n  a: {needs: [bb], run: touch ran}\n  b: {rnu: x}\n")
        done = self.baton("run", "bad.yaml", code=2)
        self.assertIn("bad.yaml:3:", done.stderr)
        self.assertIn("bad.yaml:4:", done.stderr)
        self.assertFalse((self.folder / "ran").exists())
        self.assertFalse((self.folder / ".baton").exists())

    def test_what_cannot_run_here_is_refused_before_the_first_task(self):
        self.write("s.yaml", "dag: s\ntasks:\n  a: {run: touch ran}\n  ask:\n    needs: a\n    trigger_dag: other\n  far: {run: x, executor: slurm}\n")
        done = self.baton("run", "s.yaml", code=2)
        self.assertIn("s.yaml:4:", done.stderr)
        self.assertIn("s.yaml:7:", done.stderr)
        self.assertFalse((self.folder / "ran").exists())
        self.baton("run", "s.yaml", "--task", "a")
        self.assertTrue((self.folder / "ran").exists())

    def test_what_is_left_out_is_one_note(self):
        self.write("s.yaml", 'dag: s\nschedule: "@daily"\nmax_active_runs: 1\ntasks:\n  a: {run: echo}\n')
        note = [line for line in self.baton("run", "s.yaml").stderr.splitlines() if line.startswith("note:")]
        self.assertEqual(len(note), 1)
        self.assertIn("schedule, limits across runs", note[0])

    def test_dry_run_runs_nothing_and_renders(self):
        self.write("pipe.yaml", PIPELINE)
        plan = self.json("run", "pipe.yaml", "--dry-run", "-p", "n=7")
        self.assertEqual([t["task_id"] for t in plan["tasks"]][0], "count")
        self.assertIn("echo \"counting to 7\"", plan["tasks"][0]["command"])
        self.assertEqual({t["task_id"]: t["instances"] for t in plan["tasks"]}, {"count": 1, "load": 2, "skipped": 1})
        self.assertIn("would run 3 tasks", self.baton("run", "pipe.yaml", "-n").stdout)
        self.assertFalse((self.folder / ".baton").exists())

    def test_task_runs_it_and_its_upstreams_alone(self):
        self.write("failing.yaml", FAILING)
        self.baton("run", "failing.yaml", "--task", "ok")
        self.assertEqual(self.states(), {"ok": "success", "bad": "removed", "after": "removed"})
        self.assertIn('did you mean "ok"?', self.baton("run", "failing.yaml", "--task", "okk", code=3).stderr)

    def test_bad_params_and_intervals_are_2(self):
        self.write("pipe.yaml", PIPELINE)
        self.assertIn("params", self.baton("run", "pipe.yaml", "-p", "n=x", code=2).stderr + "params")
        self.assertIn('did you mean "n"?', self.baton("run", "pipe.yaml", "-p", "nn=1", code=2).stderr)
        self.assertIn("--interval", self.baton("run", "pipe.yaml", "--interval", "yesterday", code=2).stderr)
        self.assertIn("--slots", self.baton("run", "pipe.yaml", "--slots", "0", code=2).stderr)

    def test_several_dags_in_a_file_and_a_dag_by_its_id(self):
        self.write("dags/two.yaml", "dag: one\ntasks:\n  a: {run: echo}\n---\ndag: two\ntasks:\n  b: {run: echo}\n")
        self.assertIn("--dag", self.baton("run", "dags/two.yaml", code=2).stderr)
        self.baton("run", "dags/two.yaml", "--dag", "two")
        self.assertEqual(self.states(), {"b": "success"})
        self.baton("run", "one")
        self.assertEqual(self.states(), {"a": "success"})
        self.assertIn('did you mean "one"?', self.baton("run", "onee", code=3).stderr)

    def test_a_known_run_id_is_a_conflict(self):
        self.write("pipe.yaml", PIPELINE)
        self.baton("run", "pipe.yaml", "--run-id", "x")
        self.baton("run", "pipe.yaml", "--run-id", "x", code=5)

    def test_the_state_folder_is_found(self):
        self.write("pipe.yaml", PIPELINE)
        self.baton("run", "pipe.yaml", "--state", "elsewhere")
        self.assertTrue((self.folder / "elsewhere" / "baton.db").exists())
        self.assertEqual(self.json("ls", "--state", "elsewhere")["total_entries"], 1)
        self.assertEqual(json.loads(self.baton("ls", "-o", "json", BATON_STATE="elsewhere").stdout)["total_entries"], 1)
        self.assertIn("baton run FILE", self.baton("ls", code=3).stderr)


class Interrupted(CliTest):
    def waiting_run(self, *words):
        self.write("waiting.yaml", WAITING)
        process = self.begin("run", "waiting.yaml", *words)
        self.until_file("held.txt")
        # `running` joins the batch after the one that could have told it.
        self.until(lambda: self.states()["held"] == "running", "held is running")
        return process

    def lines(self, name):
        return (self.folder / name).read_text().splitlines()

    def live_states(self):
        live = self.json("ps") if (self.folder / ".baton").exists() else {"task_instances": []}
        return [t["state"] for t in live["task_instances"]]

    def test_kill_9_and_resume_runs_nothing_twice_that_succeeded(self):
        process = self.waiting_run()
        process.kill()
        process.wait()
        self.assertEqual(self.json("why", "@latest", "last")["reasons"][0]["reason"], "offline")
        self.assertIn("baton resume", self.baton("ps").stdout)
        self.write("go", "")
        self.baton("resume", "@latest")
        self.assertEqual(self.states(), {"first": "success", "held": "success", "last": "success"})
        self.assertEqual(self.lines("first.txt"), ["x"])
        self.assertEqual(self.lines("last.txt"), ["x"])
        self.assertIn("has ended as success", self.baton("resume", "@latest").stderr)

    def test_kill_9_before_a_mapped_task_expands_and_resume_expands_it(self):
        self.write("mapped.yaml", MAPPED)
        process = self.begin("run", "mapped.yaml")
        self.until_file("held.txt")
        process.kill()
        process.wait()
        self.write("go", "")
        self.baton("resume", "@latest")
        self.assertEqual(self.states(), {"source": "success", "each[0]": "success", "each[1]": "success"})
        self.assertEqual(sorted(self.lines("items.txt")), ["7", "8"])

    def test_ctrl_c_stops_the_tasks_and_is_130(self):
        process = self.waiting_run()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(WAIT_SECONDS), 130)
        self.assertEqual(self.states(), {"first": "success", "held": "failed", "last": "skipped"})
        self.assertEqual(self.json("show", "@latest")["state_reason"], "stopped")
        self.baton("resume", "@latest", code=1)
        self.write("go", "")
        self.baton("retry", "@latest")
        self.assertEqual(self.lines("first.txt"), ["x"])

    def test_stop_from_another_terminal(self):
        process = self.waiting_run()
        self.baton("stop", "@latest")
        self.assertEqual(process.wait(WAIT_SECONDS), 1)
        self.assertEqual(self.states()["held"], "failed")
        self.baton("stop", "@latest", code=5)

    def test_a_folder_that_is_held_is_a_conflict_that_names_who(self):
        process = self.waiting_run()
        done = self.baton("run", "waiting.yaml", code=5)
        self.assertIn(str(process.pid), done.stderr)
        live = self.json("ps")
        self.assertEqual(live["holder"]["pid"], process.pid)
        self.assertEqual([(t["task_id"], t["state"]) for t in live["task_instances"]], [("held", "running")])
        self.write("go", "")
        self.assertEqual(process.wait(WAIT_SECONDS), 0)

    def test_why_names_the_pool_and_who_holds_it_the_limit_the_slot(self):
        hold = "run: \"touch $BATON_TASK_ID.txt; until [ -e go ]; do sleep 0.05; done\""
        self.write("pool.yaml", "dag: pool\npools: {p: 1}\ntasks:\n"
                                f"  a: {{pool: p, {hold}}}\n  b: {{needs: c, pool: p, {hold}}}\n  c: {{run: echo}}\n")
        process = self.begin("run", "pool.yaml", "--slots", "4")
        self.until_file("a.txt")
        self.until(lambda: self.states()["c"] == "success", "c has ended")
        reason = self.json("why", "@latest", "b")["reasons"][0]
        self.assertEqual((reason["reason"], reason["pool"], reason["used"], reason["capacity"]), ("pool", "p", 1, 1))
        self.assertEqual(reason["holders"], ["pool/a"])
        self.write("go", "")
        self.assertEqual(process.wait(WAIT_SECONDS), 0)
        (self.folder / "go").unlink()
        self.write("limit.yaml", f"dag: limit\nmax_active_tasks: 1\ntasks:\n  a: {{{hold}}}\n  b: {{{hold}}}\n")
        process = self.begin("run", "limit.yaml", "--slots", "4")
        self.until(lambda: any(s in ("queued", "running") for s in self.live_states()), "one lives")
        waiting = next(t for t, s in self.states().items() if s not in ("queued", "running"))
        self.assertEqual(self.json("why", "@latest", waiting)["reasons"][0]["limit"], "max_active_tasks")
        self.write("go", "")
        self.assertEqual(process.wait(WAIT_SECONDS), 0)

    def test_why_and_watch_and_logs_of_a_run_that_lives(self):
        process = self.waiting_run()
        why = self.json("why", "@latest", "last")
        self.assertEqual(why["reasons"][0]["reason"], "upstream")
        self.assertEqual(why["reasons"][0]["upstreams"][0]["task_id"], "held")
        self.assertEqual(self.json("why", "@latest", "held")["reasons"][0]["reason"], "running")
        watch = self.begin("watch", "@latest")
        follow = self.begin("logs", "@latest", "-f")
        self.write("go", "")
        self.assertEqual(process.wait(WAIT_SECONDS), 0)
        self.assertIn("waiting succeeded", watch.communicate(timeout=WAIT_SECONDS)[0])
        self.assertEqual(watch.returncode, 0)
        follow.communicate(timeout=WAIT_SECONDS)
        self.assertEqual(follow.returncode, 0)


class Retry(CliTest):
    def test_failed_tasks_and_what_follows(self):
        self.write("failing.yaml", FAILING)
        self.baton("run", "failing.yaml", code=1)
        self.write("mended", "")
        self.baton("retry", "@latest")
        self.assertEqual(self.states(), {"ok": "success", "bad": "success", "after": "success"})
        self.assertEqual((self.folder / "ok.txt").read_text(), "x\n")
        self.assertIn("nothing failed", self.baton("retry", "@latest").stderr)
        tries = {t["task_id"]: [one["state"] for one in t["tries"]] for t in self.json("show", "@latest")["task_instances"]}
        self.assertEqual(tries["bad"], ["up_for_retry", "failed", "success"])
        self.assertIn("try 1", self.baton("logs", "@latest", "bad", "--try", "1").stdout)
        self.assertIn("try 3", self.baton("logs", "@latest", "bad").stdout)

    def test_from_a_task_on(self):
        self.write("failing.yaml", FAILING)
        self.write("mended", "")
        self.baton("run", "failing.yaml")
        self.baton("retry", "@latest", "--from", "bad")
        tries = {t["task_id"]: t["try_number"] for t in self.json("show", "@latest")["task_instances"]}
        self.assertEqual(tries, {"ok": 1, "bad": 2, "after": 2})
        self.baton("retry", "@latest", "--from", "nope", code=3)

    def test_a_changed_file_is_told(self):
        self.write("failing.yaml", FAILING)
        self.baton("run", "failing.yaml", code=1)
        self.write("failing.yaml", FAILING + "# changed\n")
        self.assertIn("has changed since", self.baton("retry", "@latest", code=1).stderr)


class Read(CliTest):
    def setUp(self):
        super().setUp()
        self.write("pipe.yaml", PIPELINE)
        self.write("failing.yaml", FAILING)
        self.baton("run", "pipe.yaml", "--run-id", "one")
        self.baton("run", "failing.yaml", "--run-id", "two", code=1)

    def test_ls_filters(self):
        self.assertEqual([run["dag_run_id"] for run in self.json("ls")["dag_runs"]], ["two", "one"])
        self.assertEqual([run["dag_run_id"] for run in self.json("ls", "--dag", "pipe")["dag_runs"]], ["one"])
        self.assertEqual([run["dag_run_id"] for run in self.json("ls", "--state", "failed")["dag_runs"]], ["two"])
        page = self.json("ls", "-n", "1")
        self.assertEqual((len(page["dag_runs"]), page["total_entries"]), (1, 2))

    def test_selectors_of_runs(self):
        for selector in ("one", "pipe/one", "pipe@latest"):
            self.assertEqual(self.json("show", selector)["dag_run_id"], "one")
        self.baton("show", "three", code=3)
        self.baton("show", "nope@latest", code=3)

    def test_logs(self):
        self.assertEqual(self.baton("logs", "one", "load[us]").stdout, "loading us\n")
        self.assertEqual(self.baton("logs", "one", "load[1]").stdout, "loading us\n")
        both = self.baton("logs", "one", "load").stdout
        self.assertIn("load[eu] │ loading eu\n", both)
        self.assertIn("count    │ counting to 2\n", self.baton("logs", "one").stdout)
        self.assertEqual(self.baton("logs", "two", "bad", "--grep", "^no l").stdout, "no luck\n")
        self.assertEqual(self.baton("logs", "one", "count", "--tail", "1").stdout, "::warning::low\n")
        self.assertRegex(self.baton("logs", "one", "load[0]", "-t").stdout, r"^\d{4}-\d\d-\d\dT[\d:.]+Z  loading eu\n$")
        self.assertIn("RE2", self.baton("logs", "one", "--grep", "(", code=2).stderr)
        self.assertIn('did you mean "load"?', self.baton("logs", "one", "laod", code=3).stderr)
        self.assertIn("has not run", self.baton("logs", "one", "skipped").stderr)

    def test_why_of_what_has_ended(self):
        why = self.json("why", "two", "bad")
        self.assertEqual((why["state"], why["state_reason"]), ("failed", "exit_code"))
        self.assertEqual([reason["reason"] for reason in why["reasons"]], ["exit_code", "retries"])
        self.assertEqual(why["reasons"][0]["exit_code"], 3)
        why = self.json("why", "two", "after")
        self.assertEqual([reason["reason"] for reason in why["reasons"]], ["upstream_failed", "root"])
        self.assertEqual(why["reasons"][1]["task_id"], "bad")
        self.assertEqual(self.json("why", "one", "skipped")["reasons"][0]["reason"], "condition")
        self.assertIn("params.n > 100", self.baton("why", "one", "skipped").stdout)
        self.baton("why", "one", "load", code=2)

    def test_explain_adds_up(self):
        told = self.json("explain", "two")
        shown = {t["task_id"]: t for t in self.json("show", "two")["task_instances"]}
        for task in told["task_instances"]:
            self.assertAlmostEqual(sum(task["times"].values()), task["lifetime"], places=6)
            if shown[task["task_id"]]["end_date"]:
                self.assertLessEqual(task["lifetime"], told["duration"] + 0.5)
        self.assertEqual([step["task_id"] for step in told["critical_path"]][:2], ["ok", "bad"])
        for name, total in told["totals"].items():
            self.assertAlmostEqual(total, sum(t["times"].get(name, 0) for t in told["task_instances"]), places=5)
        self.assertIn("critical path", self.baton("explain", "two").stdout)

    def test_diff(self):
        self.baton("run", "pipe.yaml", "-p", "n=3", "--run-id", "three")
        changes = {c["what"]: (c["before"], c["after"]) for c in self.json("diff", "one", "three")["changes"]}
        self.assertEqual(changes["params.n"], ("2", "3"))
        self.assertIn("params.n", self.baton("diff", "one", "three").stdout)

    def test_dags_and_their_source(self):
        self.assertEqual([dag["dag_id"] for dag in self.json("dag", "ls")["dags"]], ["failing", "pipe"])
        self.assertEqual(self.baton("dag", "source", "pipe").stdout, PIPELINE)
        self.assertIn('did you mean "pipe"?', self.baton("dag", "source", "pip", code=3).stderr)

    def test_yaml_and_jsonl(self):
        self.assertIn("dag_run_id: two\n", self.baton("ls", "-o", "yaml").stdout)
        lines = self.baton("show", "one", "-o", "jsonl").stdout.splitlines()
        self.assertEqual([json.loads(line)["task_id"] for line in lines][:1], ["count"])

    def test_database(self):
        self.assertIn("whole", self.baton("db", "check").stdout)
        self.baton("db", "backup", "copy.db")
        with sqlite3.connect(f"file:{self.folder}/copy.db?mode=ro", uri=True) as copy:
            self.assertEqual(copy.execute("PRAGMA integrity_check").fetchone(), ("ok",))
        copy.close()
        self.baton("db", "prune", code=2)
        self.assertIn("2 runs", self.baton("db", "prune", "--older-than", "0s", "--dry-run").stdout)
        self.assertIn("1 run ", self.baton("db", "prune", "--older-than", "0s", "--dag", "pipe").stdout)
        self.assertEqual([run["dag_run_id"] for run in self.json("ls")["dag_runs"]], ["two"])
        self.assertEqual(os.listdir(self.folder / ".baton" / "logs"), ["2"])


class Params(CliTest):
    DAG = """
dag: p
params:
  n: {type: integer, default: 1}
  s: {type: string, default: x}
  xs: {type: array, items: {type: string}, default: []}
tasks:
  t: {run: "echo ${{ params.n }} ${{ params.s }} ${{ params.xs.size() }}"}
"""

    def test_params_come_from_a_file_and_p_wins(self):
        self.write("p.yaml", self.DAG)
        self.write("given.yaml", "n: 7\ns: '5'\nxs: [a, b]\n")
        self.write("given.json", '{"n": 8, "s": "\\ud83d\\ude00", "xs": ["a"]}')
        conf = self.json("run", "p.yaml", "--params", "given.yaml")["conf"]
        self.assertEqual(conf, {"n": 7, "s": "5", "xs": ["a", "b"]})
        conf = self.json("run", "p.yaml", "--params", "given.json", "-p", "n=9")["conf"]
        self.assertEqual(conf, {"n": 9, "s": "\U0001f600", "xs": ["a"]})

    def test_mistakes_in_a_params_file_are_2(self):
        self.write("p.yaml", self.DAG)
        for text, said in (("n: [", "given.yaml:1"), ("[1]", "no mapping"), ("nn: 1", 'did you mean "n"'),
                           ("n: x", "integer"), ("s: 5", "quote it"), ("n: 1\nn: 2", "given.yaml:2")):
            self.write("given.yaml", text)
            done = self.baton("run", "p.yaml", "--params", "given.yaml", code=2)
            self.assertIn(said, done.stderr, text)
        self.assertFalse((self.folder / ".baton").exists())
        self.baton("run", "p.yaml", "--params", "none.yaml", code=3)


class Stdin(CliTest):
    def piped(self, text, *words, code=0):
        done = subprocess.run([BATON, *words], cwd=self.folder, env=self.environment(), text=True, input=text,
                              capture_output=True, timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_a_dag_from_stdin_runs_and_is_retried_as_it_was(self):
        dag = "dag: piped\ntasks:\n  t: {run: \"test -e mended && pwd > where\"}\n"
        self.piped(dag, "run", "-", code=1)
        self.write("mended", "")
        self.baton("retry", "@latest")
        self.assertEqual((self.folder / "where").read_text().strip(), str(self.folder))
        self.assertEqual(self.baton("dag", "source", "piped").stdout, dag)

    def test_mistakes_have_their_place(self):
        for words in (["run", "-"], ["validate", "-"], ["graph", "-"]):
            self.assertIn("<stdin>:3:", self.piped("dag: d\ntasks:\n  a: {rnu: x}\n", *words, code=2).stderr +
                          self.piped("dag: d\ntasks:\n  a: {rnu: x}\n", *words, code=2).stdout)
        self.piped("", "run", "-", code=2)


class Words(CliTest):
    def test_every_value_of_few_says_what_was_meant(self):
        self.write("t.yaml", "dag: t\ntasks:\n  t: {run: echo hi}\n")
        self.baton("run", "t.yaml")
        for words, meant in ((["ls", "--state", "faild"], "failed"), (["ls", "-o", "jsn"], "json"),
                             (["ls", "--color", "alwais"], "always"), (["completion", "bsh"], "bash"),
                             (["validate", "t.yaml", "-o", "serif"], "sarif")):
            self.assertIn(f'did you mean "{meant}"?', self.baton(*words, code=2).stderr, words)

    def test_local_times_carry_their_offset(self):
        self.write("t.yaml", "dag: t\ntasks:\n  t: {run: echo hi}\n")
        self.baton("run", "t.yaml")
        for words in (["show", "@latest"], ["ls"], ["dag", "ls"]):
            self.assertRegex(self.baton(*words, TZ="Asia/Kolkata").stdout, r"\d\d:\d\d \+05:30", words)

    def test_exit_141_is_explained(self):
        self.write("t.yaml", "dag: t\ntasks:\n  t: {run: \"yes | head -1\"}\n")
        self.assertIn("pipefail", self.baton("run", "t.yaml", code=1).stdout)
        self.assertIn("pipefail", self.baton("show", "@latest").stdout)
        why = self.json("why", "@latest", "t")
        self.assertEqual([reason["reason"] for reason in why["reasons"]][:2], ["exit_code", "pipefail"])


class Forget(CliTest):
    def setUp(self):
        super().setUp()
        self.write("t.yaml", "dag: t\ntasks:\n  t: {run: echo hi}\n")
        for name in ("one", "two"):
            self.baton("run", "t.yaml", "--run-id", name)

    def test_a_run_goes_with_its_logs_and_the_audit_says_so(self):
        self.assertIn("run one forgotten", self.baton("db", "forget", "one").stdout)
        self.assertEqual([run["dag_run_id"] for run in self.json("ls")["dag_runs"]], ["two"])
        self.assertEqual(os.listdir(self.folder / ".baton" / "logs"), ["2"])
        self.baton("db", "forget", "one", code=3)
        with sqlite3.connect(f"file:{self.folder}/.baton/baton.db?mode=ro", uri=True) as db:
            self.assertEqual(db.execute("SELECT action, run_id FROM audit WHERE actor <> '' ORDER BY rowid").fetchall(),
                             [("trigger", "one"), ("trigger", "two"), ("forget", "one")])
        db.close()

    def test_a_damaged_run_can_be_forgotten(self):
        with sqlite3.connect(self.folder / ".baton/baton.db") as db:
            db.execute("UPDATE dag_run SET run_after = run_after + 1 WHERE run_no = 1")
        db.close()
        self.baton("show", "1", code=70)
        self.baton("db", "forget", "1")
        self.assertEqual([run["dag_run_id"] for run in self.json("ls")["dag_runs"]], ["two"])

    def test_what_lives_is_refused(self):
        self.write("waiting.yaml", WAITING)
        process = self.begin("run", "waiting.yaml")
        self.until_file("held.txt")
        self.baton("db", "forget", "@latest", code=5)
        self.baton("db", "forget", "one", code=5)
        process.kill()
        process.wait()
        self.assertIn("baton stop", self.baton("db", "forget", "@latest", code=5).stderr)


class Order(CliTest):
    def test_mapped_instances_stand_with_their_task_in_every_list(self):
        self.write("m.yaml", "dag: m\ntasks:\n  m: {for_each: {items: [a, b, c], as: x}, run: \"echo ${{ x }}\"}\n"
                             "  z: {needs: m, run: echo z}\n  k: {for_each: {items: [1, 2], as: x}, needs: z, run: echo}\n")
        self.baton("run", "m.yaml")
        wanted = [("m", 0), ("m", 1), ("m", 2), ("z", -1), ("k", 0), ("k", 1)]
        for command in (["show"], ["explain"]):
            listed = [(t["task_id"], t["map_index"]) for t in self.json(*command, "@latest")["task_instances"]]
            self.assertEqual(listed, wanted, command)
        rows = [line.split()[1] for line in self.baton("show", "@latest").stdout.splitlines() if line.strip().startswith("✓")]
        self.assertEqual(rows[1:], ["m[a]", "m[b]", "m[c]", "z", "k[0]", "k[1]"])
        names = [line.split()[0] for line in self.baton("logs", "@latest", "m").stdout.splitlines()]
        self.assertEqual(names, ["m[a]", "m[b]", "m[c]"])


class LogBytes(CliTest):
    def logged(self, script):
        """What a task that runs this Python wrote, and what `logs` makes of it in a pipe."""
        self.write("t.py", script)
        self.write("t.yaml", "dag: t\ntasks:\n  t: {run: python3 t.py}\n")
        self.baton("run", "t.yaml")
        run = [BATON, "logs", "@latest", "t"]
        out = subprocess.run(run, cwd=self.folder, env=self.environment(), capture_output=True, timeout=WAIT_SECONDS)
        self.assertEqual(out.returncode, 0, out.stderr)
        return next(self.folder.glob(".baton/logs/1/*.log")).read_bytes(), out.stdout

    def test_zero_bytes_and_returns_and_a_line_without_end(self):
        written, shown = self.logged("import sys\nsys.stdout.buffer.write(b'a\\0b\\n\\0\\0\\0\\n1%\\r2%\\r\\n\\x1b[2J\\xff\\nend')\n")
        self.assertEqual(written, b"a\0b\n\0\0\0\n1%\r2%\r\n\x1b[2J\xff\nend")
        self.assertEqual(shown, written)

    def test_a_line_of_megabytes(self):
        written, shown = self.logged("print('x' + 'é日😀' * 400000)\nprint('after')\n")
        self.assertGreater(len(written), 3_000_000)
        self.assertEqual(shown, written)

    def test_a_cut_is_told_once_and_the_rest_is_as_it_was(self):
        self.write("t.yaml", "dag: t\ntasks:\n  t:\n    log_limit: 64Ki\n    run: seq 1 200000\n")
        self.baton("run", "t.yaml")
        lines = self.baton("logs", "@latest").stdout.splitlines()
        self.assertEqual(lines[:3], ["1", "2", "3"])
        self.assertEqual(lines[-1], "200000")
        self.assertEqual(len([line for line in lines if "left out" in line]), 1)
        self.assertEqual(self.baton("logs", "@latest", "--tail", "2").stdout, "199999\n200000\n")

    def test_a_try_that_is_not_there(self):
        self.write("t.yaml", "dag: t\ntasks:\n  t: {run: echo hi}\n  u: {run: echo ho}\n")
        self.baton("run", "t.yaml")
        self.assertIn("no try 9; the last one is 1", self.baton("logs", "@latest", "t", "--try", "9", code=3).stderr)
        self.baton("logs", "@latest", "--try", "9", code=3)
        self.assertEqual(self.baton("logs", "@latest", "t", "--try", "1").stdout, "hi\n")

    def test_raw_adds_and_takes_nothing(self):
        self.write("t.yaml", "dag: t\ntasks:\n  t: {run: \"printf 'a\\\\033[2Jb'\"}\n  u: {needs: t, run: echo ho}\n")
        self.baton("run", "t.yaml")
        self.assertEqual(self.baton("logs", "@latest", "--raw").stdout, "a\x1b[2Jbho\n")
        self.baton("logs", "@latest", "--raw", "-t", code=2)


class Closed(CliTest):
    """A door that is closed never reads as an empty room."""

    def setUp(self):
        super().setUp()
        self.write("t.yaml", "dag: t\ntasks:\n  t: {run: echo hi}\n")
        self.baton("run", "t.yaml")

    def denied(self, *words):
        done = self.baton_as_nobody(*words, code=4)
        self.assertRegex(done.stderr.lower(), "permission denied|belongs to user", words)

    def test_a_state_folder_of_another_user(self):
        for words in (["ls"], ["ps"], ["show", "@latest"], ["logs", "@latest"], ["why", "@latest", "t"], ["dag", "ls"],
                      ["explain", "@latest"], ["db", "check"], ["watch", "@latest"], ["resume", "@latest"],
                      ["stop", "@latest"], ["ls", "--state", ".baton"], ["run", "t.yaml"]):
            self.denied(*words)

    def test_a_database_that_may_not_be_read(self):
        (self.folder / ".baton").chmod(0o755)
        self.denied("ls")
        self.denied("db", "check")

    def test_a_log_that_may_not_be_read(self):
        for path in [self.folder / ".baton", *self.standing()]:
            path.chmod(0o755)
        self.assertEqual(self.baton_as_nobody("logs", "@latest").stdout, "hi\n")
        next(self.folder.glob(".baton/logs/1/*.log")).chmod(0o600)
        self.denied("logs", "@latest")
        (self.folder / ".baton/logs").chmod(0o700)
        self.denied("logs", "@latest")
        self.denied("logs", "@latest", "-f")

    def test_files_that_may_not_be_read(self):
        self.folder.chmod(0o755)
        (self.folder / "t.yaml").chmod(0o600)
        self.denied("run", "t.yaml", "--state", "/tmp/none-such")
        self.denied("validate", "t.yaml")
        self.denied("graph", "t.yaml")
        (self.folder / "t.yaml").chmod(0o644)
        self.write("baton.yaml", "pools: {p: 1}\n").chmod(0o600)
        self.denied("run", "t.yaml", "--dry-run")
        self.denied("run", "t.yaml", "--dry-run", "--config", "baton.yaml")

    def test_a_folder_that_may_not_be_written(self):
        shutil.rmtree(self.folder / ".baton")
        self.denied("run", "t.yaml")


class Terminal(CliTest):
    def on_terminal(self, *words, code=0):
        """Runs a command with a terminal as its stdout and stderr; gives all that it wrote."""
        try:
            master, slave = pty.openpty()
        except OSError as error:
            self.skipTest(f"no terminal can be made here, is /dev/pts mounted? {error}")
        process = subprocess.Popen([BATON, *words], cwd=self.folder, env=self.environment(), stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        out = b""
        while select.select([master], [], [], WAIT_SECONDS)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:  # the terminal has no writer any more
                break
            if not data:
                break
            out += data
        os.close(master)
        self.assertEqual(process.wait(WAIT_SECONDS), code)
        return out.decode()

    def test_a_run_draws_its_tree_and_leaves_the_terminal_as_it_was(self):
        self.write("failing.yaml", FAILING)
        out = self.on_terminal("run", "failing.yaml", code=1)
        self.assertIn("\x1b[", out)
        self.assertEqual(out.count("\x1b[?25l"), out.count("\x1b[?25h"))
        self.assertEqual(out.count("\x1b[?2026h"), out.count("\x1b[?2026l"))
        self.assertLess(out.rfind("\x1b[?25l"), out.rfind("\x1b[?25h"))
        plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out)
        self.assertIn("failing failed after", plain)
        self.assertIn("✗ bad", plain)

    def test_no_color_still_draws(self):
        self.write("failing.yaml", FAILING)
        out = self.on_terminal("run", "failing.yaml", "--color", "never", code=1)
        self.assertNotRegex(out, r"\x1b\[[0-9;]*m")

    def test_text_of_others_does_not_steer_the_terminal(self):
        self.write("evil.yaml", 'dag: evil\ntasks:\n  a: {run: "printf \'\\\\033]0;owned\\\\007\\\\033[2Jtext\\\\n\'; exit 1"}\n')
        out = self.on_terminal("run", "evil.yaml", code=1) + self.on_terminal("logs", "@latest")
        self.assertIn("text", out)
        self.assertNotIn("\x1b]0;", out)
        self.assertNotIn("\x1b[2J", out)

    def test_colours_of_tasks_stay_and_the_rest_is_shown(self):
        self.write("t.yaml", 'dag: t\ntasks:\n  a: {run: "printf \'\\\\033[31mred\\\\033[0m 1%%\\\\r2%%\\\\033[?1049h\\\\033]0;owned\\\\007\\n\'"}\n')
        self.on_terminal("run", "t.yaml")
        out = self.on_terminal("logs", "@latest")
        self.assertIn("\x1b[31mred\x1b[0m 1%^M2%^[[?1049h^[]0;owned^G\x1b[0m\r\n", out)
        self.assertNotIn("\x1b", self.on_terminal("logs", "@latest", "--color", "never"))
        self.assertIn("1%\r2%\x1b[?1049h", self.on_terminal("logs", "@latest", "--raw"))


if __name__ == "__main__":
    unittest.main()
