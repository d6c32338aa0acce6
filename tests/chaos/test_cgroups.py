"""Memory and processes that run out under a whole run: the kernel kills the largest, or refuses to fork.

Both need a controller of cgroup v1 that this test may make a group of; where there is none the test skips and says why.
Limits of single tasks need cgroup v2 (`resources`); the worker's own tests have those.
"""

import glob
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import procs
from scenario import BATON

MIB = 1 << 20


def controller(name):
    """The folder of a v1 controller, or None."""
    with open("/proc/self/mounts") as mounts:
        for line in mounts:
            _, folder, kind, options = line.split()[:4]
            if kind == "cgroup" and name in options.split(","):
                return folder
    return None


class Confined(unittest.TestCase):
    CONTROLLER = ""

    def setUp(self):
        base = controller(self.CONTROLLER)
        if base is None:
            self.skipTest(f"there is no {self.CONTROLLER} controller of cgroup v1")
        self.group = os.path.join(base, f"baton-chaos-{os.getpid()}")
        try:
            os.mkdir(self.group)
        except OSError as error:
            self.skipTest(f"no group can be made in {base}: {error.strerror}")
        self.addCleanup(self.remove_group)
        self.folder = tempfile.mkdtemp(prefix="chaos-cgroups-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.state = os.path.join(self.folder, "state")

    def remove_group(self):
        procs.wait_until(lambda: not self.read("cgroup.procs"), 30, "the group is empty")
        os.rmdir(self.group)

    def read(self, name):
        with open(os.path.join(self.group, name)) as file:
            return file.read().strip()

    def limit(self, name, value):
        try:
            with open(os.path.join(self.group, name), "w") as file:
                file.write(str(value))
        except OSError as error:
            self.skipTest(f"{name} cannot be set: {error.strerror}")

    def run_confined(self, dag, *words):
        path = os.path.join(self.folder, "d.dag.yaml")
        with open(path, "w") as file:
            file.write(dag)

        def enter():
            with open(os.path.join(self.group, "cgroup.procs"), "w") as file:
                file.write("0")

        return subprocess.run([BATON, "run", path, "-q", *words, "--state", self.state], cwd=self.folder, preexec_fn=enter,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)

    def instances(self):
        shown = subprocess.run([BATON, "show", "@latest", "-o", "json", "--state", self.state], capture_output=True,
                               text=True, check=True).stdout
        return json.loads(shown)["task_instances"]

    def check_the_store_is_whole(self):
        self.assertEqual(0, subprocess.run([BATON, "db", "check", "--state", self.state], capture_output=True).returncode)


class Memory(Confined):
    """96 MiB for all of a run: a task that wants more is the largest, so the kernel takes that."""

    CONTROLLER = "memory"
    DAG = """\
dag: hungry
tasks:
  bystander:
    timeout: 20s
    run: |
      until [ -e eaten ]; do sleep 0.02; done
      echo unharmed
  hungry:
    retries: {max: 1, delay: 10ms}
    run: |
      if [ -e tried ]; then touch eaten; exit 0; fi
      touch tried
      exec python3 -c 'held = bytearray(400 << 20)'
  greedy:
    allow_failure: true
    run: exec python3 -c 'held = bytearray(400 << 20)'
  after:
    needs: [hungry, bystander]
    run: "true"
"""

    def test_a_task_that_the_kernel_kills_is_told_so_and_retried_and_nothing_else_is_harmed(self):
        self.limit("memory.limit_in_bytes", 96 * MIB)
        if glob.glob(os.path.join(self.group, "memory.memsw.limit_in_bytes")):
            self.limit("memory.memsw.limit_in_bytes", 96 * MIB)
        done = self.run_confined(self.DAG, "--slots", "3")
        tasks = {row["task_id"]: row for row in self.instances()}
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual({"bystander": "success", "hungry": "success", "greedy": "failed", "after": "success"},
                         {name: row["state"] for name, row in tasks.items()})
        self.assertEqual("oom", tasks["greedy"]["state_reason"], tasks["greedy"])
        self.assertEqual(["oom", None], [one["state_reason"] for one in tasks["hungry"]["tries"]], tasks["hungry"])
        self.assertEqual(1, tasks["bystander"]["try_number"])
        self.check_the_store_is_whole()


class Pids(Confined):
    """So few processes that a fork fails: that is a failed start of this try, and its retries decide."""

    CONTROLLER = "pids"
    # Scheduler (2 threads) and worker are 3; two tasks that exec fill 5; a third cannot be made while they live.
    DAG = """\
dag: crowded
tasks:
  long:
    run: exec sleep 1.5
    for_each: {items: [1, 2], as: x}
  refused:
    run: exec true
    retries: {max: 20, delay: 200ms}
    for_each: {items: [1, 2, 3], as: x}
"""

    def test_a_fork_that_is_refused_is_told_so_and_retried(self):
        self.limit("pids.max", 5)
        done = self.run_confined(self.DAG, "--slots", "5")
        self.assertEqual(0, done.returncode, done.stderr)
        rows = self.instances()
        self.assertEqual({"success"}, {row["state"] for row in rows})
        failed = [one for row in rows for one in row["tries"] if one["state"] == "up_for_retry"]
        self.assertTrue(failed, "no fork was refused: the test is void")
        self.assertEqual({"spawn"}, {one["state_reason"] for one in failed}, failed)
        for one in failed:
            self.assertIn("a limit on processes", one["note"])
        self.check_the_store_is_whole()


if __name__ == "__main__":
    unittest.main()
