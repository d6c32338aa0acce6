"""Faults that people met, as they show at a terminal: retries and crashes, stops, workers, pools."""
import json
import os
import resource
import signal
import subprocess
import unittest

from faults import FaultTest, send, state_of
from support import BATON


class Retries(FaultTest):
    def check_the_fan_is_whole(self, broken, mapping):
        """`u` has three instances, one of which fails once; `t` is made from those that succeeded."""
        self.run_dag(f"""
dag: fan
tasks:
  u:
    {mapping}
    run: |
      if [ "$BATON_MAP_INDEX" = {broken} ] && [ ! -e mended ]; then exit 1; fi
      printf '{{"n": %s}}' "$((10 * (BATON_MAP_INDEX + 1)))" > "$BATON_OUTPUT"
    outputs: {{n: int}}
  t:
    needs: u
    trigger_rule: all_done
    for_each: {{items: "${{{{ tasks.u.filter(x, x.state == 'success').map(x, x.outputs.n) }}}}", as: n}}
    run: echo ${{{{ n }}}} >> seen
  last: {{needs: t, run: echo x >> last}}
""", code=1)
        self.assertEqual(2, len(self.lines("seen")))
        self.forget("seen", "last")
        self.touch("mended")
        self.baton("retry", "@latest", "-q")
        self.assertEqual(["10", "20", "30"], sorted(self.lines("seen")))
        self.assertEqual(["x"], self.lines("last"))
        self.assertEqual({"success"}, set(self.states().values()))
        self.assertEqual(3, sum(name.startswith("t[") for name in self.states()))
        self.assertEqual(["10", "20", "30"], [i["rendered_map_index"] for i in self.instances()
                                               if i["task_id"] == "t" and i["state"] != "removed"])

    def test_01_a_retry_drops_no_item_whichever_instance_had_failed(self):
        for broken in (0, 1, 2):
            with self.subTest(broken=broken):
                self.forget("mended", "seen", "last")
                self.check_the_fan_is_whole(broken, "for_each: {items: [10, 20, 30]}")

    def test_01_nor_where_the_upstream_is_a_matrix(self):
        self.check_the_fan_is_whole(1, "matrix: {n: [10, 20, 30]}")

    def cut_off_in_b(self, middle=""):
        """Kills the scheduler while b runs, and waits until nothing of it is left."""
        self.write("d.yaml", f"""
dag: chain
tasks:
  a:
    run: |
      echo a-begins >> log
      if [ -e second ]; then sleep 0.7; fi
      echo a-ends >> log
  b:
    needs: a
    {middle}
    run: |
      echo b-begins >> log
      touch "b$BATON_MAP_INDEX"
      until [ -e second ]; do sleep 0.02; done
      echo b-ends >> log
  c: {{needs: b, run: echo c >> log}}
""")
        process = self.begin("run", "d.yaml", "-q")
        self.until(lambda: (self.folder / "b-1").exists() or (self.folder / "b0").exists(), "b begins")
        worker = self.worker_of(process)
        self.kill(process)
        self.until_gone(worker)
        self.forget("log")
        self.touch("second")

    def test_02_a_task_waits_for_its_upstream_that_is_cleared_after_a_kill(self):
        self.cut_off_in_b()
        self.baton("retry", "@latest", "--from", "a", "-q")
        self.assertEqual(["a-begins", "a-ends", "b-begins", "b-ends", "c"], self.lines("log"))

    def test_02_so_does_a_mapped_one(self):
        self.cut_off_in_b("for_each: {items: [1, 2]}")
        self.baton("retry", "@latest", "--from", "a", "-q")
        log = self.lines("log")
        self.assertEqual(["a-begins", "a-ends"], log[:2])
        self.assertEqual(["b-begins"] * 2 + ["b-ends"] * 2 + ["c"], sorted(log[2:]))

    def test_03_a_worker_that_is_killed_under_load_leaves_nothing_running_twice(self):
        """Each attempt holds a lock for as long as it lives: a second one of the same instance finds it taken."""
        items = ",".join(map(str, range(120)))
        self.write("d.yaml", f"""
dag: load
tasks:
  t:
    for_each: {{items: [{items}]}}
    run: |
      exec 9> "lock.$BATON_MAP_INDEX"
      flock -n 9 || echo "$BATON_MAP_INDEX" >> doubled
      echo "$BATON_MAP_INDEX" >> begun
      sleep 0.1
""")
        words = ["strace", "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync",
                 "-e", "inject=fsync,fdatasync:delay_exit=60000"]
        if subprocess.run([*words, "true"], capture_output=True).returncode != 0:
            self.skipTest("strace cannot trace here")
        process = subprocess.Popen([*words, BATON, "run", "d.yaml", "-q", "--slots", "8"], cwd=self.folder,
                                   env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        for wanted in (5, 40, 80):
            self.until(lambda n=wanted: len(self.lines("begun")) >= n, "it goes on")
            for pid in self.workers():
                send(pid, signal.SIGKILL)
        out, err = process.communicate(timeout=120)
        self.assertEqual(0, process.returncode, out + err)
        self.assertEqual([], self.lines("doubled"))

    def workers(self):
        """Workers of this test's state folder."""
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/cmdline") as file:
                    words = file.read().split("\0")
            except OSError:
                continue
            if words[0].endswith("baton-worker") and any(str(self.folder) in word for word in words[1:]):
                yield int(name)


class EndsBeforeTheStop(FaultTest):
    """A task that has ended by itself has ended so, also where a stop comes before the worker has looked."""

    TASK = """
dag: ended
tasks:
  t:
    {keys}
    run: |
      echo $$ > pid; echo x >> ran; touch began
      until [ -e go ]; do sleep 0.02; done
      exit {code}
"""

    def ended_in_a_frozen_worker(self, keys="", code=0):
        """The task has exited, and its worker stands still."""
        self.write("d.yaml", self.TASK.format(keys=keys or "grace: 5s", code=code))
        process = self.begin("run", "d.yaml", "-q")
        self.until_file("began")
        worker, task = self.worker_of(process), int(self.lines("pid")[0])
        self.freeze(worker)
        self.touch("go")
        self.until(lambda: state_of(task) in ("Z", None), "the task has exited")
        return process, worker

    def test_04_what_succeeded_does_not_run_again_after_a_kill(self):
        process, worker = self.ended_in_a_frozen_worker()
        self.kill(process)
        send(worker, signal.SIGCONT)
        self.until_gone(worker)
        self.baton("resume", "@latest", "-q")
        self.assertEqual(["x"], self.lines("ran"))
        self.assertEqual({"t": "success"}, self.states())
        self.assertEqual([None], [one["state_reason"] for one in self.instance("t")["tries"]])

    def test_04_nor_is_a_failure_a_stop(self):
        process, worker = self.ended_in_a_frozen_worker(code=3)
        self.kill(process)
        send(worker, signal.SIGCONT)
        self.until_gone(worker)
        self.baton("resume", "@latest", "-q", code=1)
        self.assertEqual(["x"], self.lines("ran"))
        self.assertEqual("exit_code", self.instance("t")["state_reason"])

    def test_04_nor_is_what_ended_in_time_a_timeout(self):
        process, worker = self.ended_in_a_frozen_worker(keys="timeout: 1s")
        began = os.stat(self.folder / "began").st_mtime
        self.touch("clock")
        self.until(lambda: (os.utime(self.folder / "clock") or os.stat(self.folder / "clock").st_mtime) > began + 1.5,
                   "the limit has passed")
        send(worker, signal.SIGCONT)
        process.communicate(timeout=30)
        self.assertEqual({"t": "success"}, self.states())

    def test_04_nor_is_it_stopped_by_ctrl_c(self):
        process, worker = self.ended_in_a_frozen_worker()
        process.send_signal(signal.SIGINT)
        self.until(lambda: self.is_told_to_stop(process), "the stop is on its way")
        send(worker, signal.SIGCONT)
        process.communicate(timeout=30)
        self.assertEqual({"t": "success"}, self.states())

    @staticmethod
    def is_told_to_stop(process):
        """The signal has been taken: nothing of it is pending any more."""
        with open(f"/proc/{process.pid}/status") as file:
            fields = dict(line.split(":", 1) for line in file)
        pending = int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)
        return not pending & (1 << (signal.SIGINT - 1))


class HooksThatAreCutOff(FaultTest):
    DAG = """
dag: hooked
tasks:
  bad: {run: exit 1}
on_failure:
  run: |
    echo $$ > pid; echo x >> began
    until [ -e go ]; do sleep 0.02; done
    echo x >> ended
"""

    def hook_ends_while_its_scheduler_is_killed(self):
        self.write("d.yaml", self.DAG)
        self.write("other.yaml", "dag: other\ntasks:\n  t: {run: echo other}\n")
        process = self.begin("run", "d.yaml", "--run-id", "mine", "-q")
        self.until(lambda: self.lines("began"), "the hook begins")
        worker, hook = self.worker_of(process), int(self.lines("pid")[0])
        self.freeze(worker)
        self.touch("go")
        self.until(lambda: state_of(hook) in ("Z", None), "the hook has exited")
        self.kill(process)
        send(worker, signal.SIGCONT)
        self.until_gone(worker)

    def test_05_a_hook_that_ended_does_not_run_twice(self):
        self.hook_ends_while_its_scheduler_is_killed()
        self.baton("resume", "mine", "-q", code=1)
        self.assertEqual((["x"], ["x"]), (self.lines("began"), self.lines("ended")))

    def test_05_nor_after_another_run_in_the_folder(self):
        self.hook_ends_while_its_scheduler_is_killed()
        self.baton("run", "other.yaml", "-q")
        self.baton("run", "other.yaml", "-q")
        self.baton("resume", "mine", "-q", code=1)
        self.assertEqual((["x"], ["x"]), (self.lines("began"), self.lines("ended")))

    def test_05_a_hook_that_was_cut_off_is_not_forgotten_nor_its_run_pruned(self):
        self.write("d.yaml", self.DAG)
        self.write("other.yaml", "dag: other\ntasks:\n  t: {run: echo other}\n")
        process = self.begin("run", "d.yaml", "--run-id", "mine", "-q")
        self.until(lambda: self.lines("began"), "the hook begins")
        worker = self.worker_of(process)
        self.kill(process)
        self.until_gone(worker)
        self.assertEqual([], self.lines("ended"))
        self.touch("go")
        self.baton("run", "other.yaml", "-q")
        self.baton("db", "prune", "--older-than", "0s")
        self.baton("resume", "mine", "-q", code=1)
        self.assertEqual(["x"], self.lines("ended"))


class Workers(FaultTest):
    BLOCK = "dag: block\ntasks:\n  t: {run: 'echo $$ > pid; touch began; until [ -e go ]; do sleep 0.02; done'}\n"

    def test_08_baton_runs_inside_a_task(self):
        self.write("inner.yaml", "dag: inner\ntasks:\n  t: {run: echo inner >> seen}\n")
        self.run_dag(f"""
dag: outer
tasks:
  run: {{run: {BATON} run inner.yaml --state inner-state -q}}
  list: {{needs: run, run: {BATON} ls --state inner-state -o json > listed}}
""")
        self.assertEqual(["inner"], self.lines("seen"))
        self.assertEqual("inner", json.loads((self.folder / "listed").read_text())["dag_runs"][0]["dag_id"])

    def test_08_in_its_own_folder_it_says_why_not_and_never_waits_for_itself(self):
        self.write("inner.yaml", "dag: inner\ntasks:\n  t: {run: echo inner >> seen}\n")
        for wait in ("", "--wait"):
            with self.subTest(wait=wait):
                self.run_dag(f"""
dag: outer
tasks:
  run:
    timeout: 15s
    run: |
      code=0
      {BATON} run inner.yaml {wait} -q 2> said || code=$?
      echo $code > code
""")
                self.assertEqual(["5"], self.lines("code"), (self.folder / "said").read_text())
                self.assertNotEqual("", (self.folder / "said").read_text())
                self.forget("code", "said")

    def test_09_a_second_ctrl_c_ends_beside_a_worker_that_stands_still(self):
        self.write("d.yaml", self.BLOCK)
        process = self.begin("run", "d.yaml", "-q")
        self.until_file("began")
        task, worker = int(self.lines("pid")[0]), self.worker_of(process)
        self.freeze(worker)
        process.send_signal(signal.SIGINT)
        self.until(lambda: EndsBeforeTheStop.is_told_to_stop(process), "the first one is taken")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        self.assertEqual(130, process.returncode)
        for pid in (task, worker):
            self.until_gone(pid)
        self.baton("resume", "@latest", "-q", code=(0, 1))

    def test_12_few_descriptors_make_wait_and_lose_no_output(self):
        items = ",".join(map(str, range(300)))
        text = f"""
dag: wide
tasks:
  t:
    for_each: {{items: [{items}]}}
    run: |
      printf '{{"i": %s}}' "$BATON_MAP_INDEX" > "$BATON_OUTPUT"
      sleep 0.3
    outputs: {{i: int}}
"""
        for limits in ((128, 128), (128, 4096)):
            with self.subTest(limits=limits):
                self.run_dag(text, "--slots", "300", before=lambda n=limits: resource.setrlimit(resource.RLIMIT_NOFILE, n))
                found = self.instances()
                self.assertEqual({("success", 1)}, {(i["state"], i["try_number"]) for i in found})
                self.assertEqual([{"i": n} for n in range(300)], [i["outputs"] for i in found])


class PoolsAndStops(FaultTest):
    def test_13_a_pool_that_shrank_below_a_task_is_told_with_its_numbers(self):
        dag = """
dag: pooled
tasks:
  wide: {pool: {name: p, slots: 5}, run: test -e mended}
  narrow: {pool: {name: p, slots: 2}, run: test -e mended; echo x >> narrow}
"""
        self.write("baton.yaml", "pools: {p: 5}\n")
        self.run_dag(dag, code=1)
        self.touch("mended")
        self.write("baton.yaml", "pools: {p: 3}\n")
        done = self.baton("retry", "@latest", code=(1, 2, 5))
        told = done.stdout + done.stderr
        self.assertRegex(told, r"\bp\b")
        self.assertRegex(told, r"\b5\b")
        self.assertRegex(told, r"\b3\b")

    def test_13_so_is_a_pool_that_is_gone(self):
        self.write("baton.yaml", "pools: {p: 5}\n")
        self.run_dag("dag: pooled\ntasks:\n  t: {pool: p, run: test -e mended}\n", code=1)
        self.touch("mended")
        self.write("baton.yaml", "pools: {q: 5}\n")
        done = self.baton("retry", "@latest", code=(1, 2, 5))
        self.assertRegex(done.stdout + done.stderr, r"\bp\b")

    def test_13_who_still_fits_passes(self):
        self.write("baton.yaml", "pools: {p: 5}\n")
        self.run_dag("dag: pooled\ntasks:\n  t: {pool: {name: p, slots: 2}, run: test -e mended}\n", code=1)
        self.touch("mended")
        self.write("baton.yaml", "pools: {p: 2}\n")
        self.baton("retry", "@latest", "-q")
        self.assertEqual({"t": "success"}, self.states())

    def waits(self, keys, slots=4):
        """Two tasks of which one holds what the other waits for; gives (who holds, who waits)."""
        self.write("d.yaml", f"""
dag: waits
{keys}
tasks:
  one: {{POOL run: "touch one; until [ -e go ]; do sleep 0.02; done"}}
  two: {{POOL run: "touch two; until [ -e go ]; do sleep 0.02; done"}}
""".replace("POOL", "pool: warehouse," if "pools" in keys else ""))
        process = self.begin("run", "d.yaml", "-q", "--slots", str(slots))
        self.addCleanup(self.touch, "go")
        self.until(lambda: (self.folder / "one").exists() or (self.folder / "two").exists(), "one begins")
        return ("one", "two") if (self.folder / "one").exists() else ("two", "one")

    def until_why(self, task, *words):
        said = ""

        def look():
            nonlocal said
            said = self.baton("why", "@latest", task).stdout
            return all(word in said for word in words)
        try:
            self.until(look, "why says it")
        except AssertionError:
            self.fail(f"why {task} never said {words}: {said}")

    def test_14_why_names_the_pool_that_is_waited_for_and_its_holder(self):
        holder, waits = self.waits("pools: {warehouse: 1}")
        self.until_why(waits, "warehouse", holder)

    def test_14_why_names_the_limit(self):
        _, waits = self.waits("max_active_tasks: 1")
        self.until_why(waits, "max_active_tasks")

    def test_14_why_names_the_slots(self):
        _, waits = self.waits("", slots=1)
        self.until_why(waits, "slot")

    def stopped_with_claims_ahead(self):
        items = ",".join(map(str, range(200)))
        self.write("d.yaml", f"""
dag: ahead
tasks:
  t:
    for_each: {{items: [{items}]}}
    grace: 100ms
    run: |
      echo "$BATON_MAP_INDEX" >> began
      if [ "$(wc -l < began)" -gt 10 ]; then touch blocks; until [ -e go ]; do sleep 0.02; done; fi
""")
        process = self.begin("run", "d.yaml", "-q", "--slots", "2")
        self.until_file("blocks")
        return process

    def test_15_what_never_started_is_skipped_by_a_stop_not_failed(self):
        process = self.stopped_with_claims_ahead()
        self.baton("stop", "@latest")
        process.communicate(timeout=30)
        began = set(map(int, self.lines("began")))
        for one in self.instances():
            if one["map_index"] not in began:
                self.assertEqual("skipped", one["state"], one)
        self.assertEqual(1, process.returncode)

    def test_15_a_stop_is_audited_with_who_and_is_durable_when_it_is_answered(self):
        process = self.stopped_with_claims_ahead()
        self.baton("stop", "@latest")
        self.kill(process)
        found = self.rows("SELECT actor, action FROM audit WHERE action LIKE '%stop%'")
        self.assertEqual(1, len(found), found)
        self.assertNotEqual("", found[0][0])
        self.baton("resume", "@latest", "-q", code=1)
        run = self.json("show", "@latest")
        self.assertEqual(("failed", "stopped"), (run["state"], run["state_reason"]))

    def test_17_a_selected_task_brings_its_teardown(self):
        self.run_dag("""
dag: selected
tasks:
  up: {setup: true, run: echo up >> log}
  m: {needs: up, run: echo m >> log}
  n: {needs: up, run: echo n >> log}
  down: {teardown: up, needs: [m, n], run: echo down >> log}
""", "--task", "m")
        self.assertEqual(["up", "m", "down"], self.lines("log"))

    def test_21_a_hash_of_nothing_is_an_answer(self):
        self.write("data/one.csv", "1\n")
        for pattern in ("nothing/*.csv", "data/*.csv", "data/*.txt"):
            with self.subTest(pattern=pattern):
                self.run_dag(f"""
dag: hashed
tasks:
  a: {{cache: {{key: "${{{{ hashFiles('{pattern}') }}}}"}}, run: echo a}}
  b: {{needs: a, run: echo b}}
""")
                self.assertEqual({"a": "success", "b": "success"}, self.states())

    def test_27_a_mapped_instance_that_ends_while_it_expands_is_told_once_with_its_cause(self):
        for items, at in (("[0, 1]", 0), ("[1, 0]", 1), ("[0]", 0)):
            with self.subTest(items=items):
                self.write("d.yaml", f"dag: divided\ntasks:\n  t: {{for_each: {{items: {items}}}, if: '1 / item > 0', run: 'true'}}\n")
                told = [json.loads(line) for line in self.baton("run", "d.yaml", "-o", "jsonl", code=1).stdout.splitlines()]
                ends = [one for one in told[:-1] if one.get("map_index") == at and one["state"] == "failed"]
                self.assertEqual(1, len(ends), told)
                self.assertIn("zero", str(self.instance("t", at)["note"]))
                self.assertIn("zero", self.baton("why", "@latest", f"t[{at}]").stdout)


if __name__ == "__main__":
    unittest.main()
