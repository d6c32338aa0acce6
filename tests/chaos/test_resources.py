"""Resources that run out (T6 in tier C): disk, log, descriptors, processes, and many instances."""

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import procs
from scenario import BATON, REPO, Scenario

sys.path.insert(0, os.path.join(REPO, "tests", "support"))
import other_user  # noqa: E402

MIB = 1 << 20


class Sampler:
    """The largest memory (PSS) of scheduler and worker while a process runs."""

    def __init__(self, process):
        self.run_kib = self.worker_kib = 0
        self.process = process
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        while self.process.poll() is None:
            self.run_kib = max(self.run_kib, procs.memory_kib(self.process.pid))
            worker = procs.worker_of(self.process.pid)
            if worker:
                self.worker_kib = max(self.worker_kib, procs.memory_kib(worker))
            time.sleep(0.05)


class InAFolder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="chaos-resources-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.binary = BATON
        self.state = os.path.join(self.folder, "state")
        self.dag = os.path.join(self.folder, "d.dag.yaml")

    def write(self, text):
        with open(self.dag, "w") as file:
            file.write(text)

    def baton(self, *words, before=None, limit_s=120, env=None):
        return subprocess.run([self.binary, *words, "--state", self.state], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=limit_s, preexec_fn=before, cwd=self.folder, env=env)

    def states(self):
        shown = json.loads(self.baton("show", "@latest", "-o", "json").stdout)
        return shown["state"], {row["state"] for row in shown["task_instances"]}

    def sampled(self, *words, limit_s=200):
        with open(os.path.join(self.folder, "out"), "wb") as out:
            process = subprocess.Popen([BATON, *words, "--state", self.state], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        sampler = Sampler(process)
        try:
            code = process.wait(limit_s)
        finally:
            process.kill()
            sampler.thread.join()
        return code, sampler


class Disk(InAFolder):
    """The state folder on a small tmpfs that runs full at random moments while the run goes on."""

    ROUNDS = int(os.environ.get("CHAOS_DISKS", "6"))

    def test_a_full_disk_pauses_the_run_and_loses_nothing(self):
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "chaos", self.folder],
                                               capture_output=True).returncode != 0:
            self.skipTest("needs root that may mount a tmpfs")
        self.addCleanup(subprocess.run, ["umount", "-l", self.folder])
        rng, full, noticed = random.Random(int(os.environ.get("CHAOS_SEED", "1"))), 0, 0
        for number in range(self.ROUNDS):
            scenario = Scenario(f"disk{number}", rng.choice(["chain", "fan", "retries"]))
            scenario.state = os.path.join(self.folder, f"state{number}")
            filler = os.path.join(self.folder, "filler")
            try:
                scenario.start()
                wanted = rng.randint(0, 4)
                procs.wait_until(lambda: scenario.witness.count() >= wanted or scenario.process.poll() is not None, 30, "it runs")
                full += self.fill(filler)
                time.sleep(rng.random())  # the disk stays full for a while
                scenario.disturb()
                os.unlink(filler)
                for _ in range(3):  # a run that could not even begin says 70 and is begun again
                    if scenario.wait_for_end() != 70:
                        break
                    scenario.resume()
                scenario.finish()
                noticed += "disk is full" in scenario.tail()
            except (procs.Stuck, AssertionError) as failed:
                scenario.problem("stuck", str(failed))
            finally:
                scenario.clean_up()
                shutil.rmtree(scenario.state, ignore_errors=True)
            self.assertEqual([], scenario.problems)
        print(f"\nresources: disk full {full} times in {self.ROUNDS} runs, noticed {noticed} times, nothing lost")
        self.assertGreater(noticed, 0, "the disk was never full while Baton wrote: the test is void")

    def fill(self, path):
        with open(path, "wb", buffering=0) as file:
            try:
                for size in [65536] * 64 + [4096] * 32:
                    file.write(b"x" * size)
            except OSError:
                return 1
        return 0


class Logs(InAFolder):
    def test_a_flood_is_capped_and_the_memory_stays_small(self):
        self.write("dag: flood\ntasks:\n  flood:\n    log_limit: 8Mi\n    run: |\n      echo the-first-line\n"
                   "      head -c 300000000 /dev/zero | tr '\\0' 'x'\n      echo; echo the-last-line\n")
        code, memory = self.sampled("run", self.dag, "-q")
        self.assertEqual(0, code)
        log = os.path.join(self.state, "logs/1/0.1.log")
        held = os.stat(log).st_blocks * 512
        with open(log, "rb") as file:
            head = file.read(20)
            file.seek(-20, os.SEEK_END)
            tail = file.read()
        print(f"\nresources: 300 MB of log held in {held / MIB:.1f} MiB; scheduler {memory.run_kib // 1024} MiB, "
              f"worker {memory.worker_kib // 1024} MiB")
        self.assertIn(b"the-first-line", head)
        self.assertIn(b"the-last-line", tail)
        self.assertLess(held, 12 * MIB)
        self.assertLess(memory.run_kib + memory.worker_kib, 48 * 1024)

    def test_a_killed_task_keeps_every_byte_it_has_written(self):
        self.write("dag: killed\ntasks:\n  killed:\n    run: |\n      echo all-of-this\n      printf half-a-line\n      kill -9 $$\n")
        self.assertEqual(1, self.baton("run", self.dag, "-q").returncode)
        with open(os.path.join(self.state, "logs/1/0.1.log")) as file:
            self.assertEqual("all-of-this\nhalf-a-line", file.read())


class Many(InAFolder):
    def test_a_hundred_thousand_instances_end_within_bounded_memory(self):
        count = int(os.environ.get("CHAOS_INSTANCES", "100000"))
        self.write("dag: many\ntasks:\n  many:\n    noop: true\n    for_each: {items: \"${{ params.items }}\", as: x}\n"
                   "params:\n  items: {type: array, items: {type: integer}, default: [" + ",".join(map(str, range(count))) + "]}\n")
        begin = time.monotonic()
        code, memory = self.sampled("run", self.dag, "-q")
        with open(os.path.join(self.folder, "out")) as file:
            self.assertEqual(0, code, file.read()[-500:])
        print(f"\nresources: {count} mapped instances in {time.monotonic() - begin:.1f} s, scheduler {memory.run_kib // 1024} MiB")
        self.assertLess(memory.run_kib, 512 * 1024)
        self.assertEqual(("success", {"success"}), self.states())


class Limits(InAFolder):
    FAN = ("dag: fan\ndefaults: {retries: {max: 3, delay: 50ms}}\ntasks:\n  fan:\n    run: sleep 0.05\n"
           "    for_each: {items: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], as: x}\n")

    def goes_on_afterwards(self, done):
        """Either it managed or it says clearly what it lacked; then the same folder serves a run without the limit."""
        self.assertIn(done.returncode, (0, 1, 2, 70), done.stderr)
        if done.returncode != 0:
            self.assertRegex(done.stderr + done.stdout, r"(?i)too many open files|resource temporarily unavailable|cannot")
        again = self.baton("run", self.dag, "-q")
        self.assertEqual(0, again.returncode, again.stderr)
        self.assertEqual(0, self.baton("db", "check").returncode)

    def test_few_descriptors_give_a_clear_error_and_no_corruption(self):
        self.write(self.FAN)
        for limit in (4, 6, 8, 10, 12, 14, 16, 20, 24, 32):
            with self.subTest(limit=limit):
                done = self.baton("run", self.dag, "-q", "--slots", "8",
                                  before=lambda n=limit: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n)))
                if done.returncode == 127:  # not even the loader could open its libraries
                    continue
                self.goes_on_afterwards(done)

    def test_no_more_processes_give_a_clear_error_and_no_corruption(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, which becomes a user without other processes, so that the limit is exact")
        uid = 54321
        place, binary = other_user.place_for(uid, BATON)
        if place is None:
            self.skipTest(f"no folder here lets user {uid} start a program: {binary}")
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        self.folder, self.binary = place, binary
        self.state, self.dag = os.path.join(place, "state"), os.path.join(place, "d.dag.yaml")
        self.write(self.FAN)
        env = {"PATH": os.defpath, "HOME": place}  # nothing of root's: neither its home nor its BATON_WORKER

        def confine(limit):
            resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
            other_user.become(uid)

        for limit in (1, 2, 3, 4, 6):
            with self.subTest(limit=limit):
                done = self.baton("run", self.dag, "-q", "--slots", "8", before=lambda n=limit: confine(n), env=env)
                self.assertIn(done.returncode, (0, 1, 2, 70, 134), done.stderr)
                again = self.baton("run", self.dag, "-q", before=lambda: confine(1000), env=env)
                self.assertEqual(0, again.returncode, again.stderr)
                self.assertEqual(0, self.baton("db", "check").returncode)


if __name__ == "__main__":
    unittest.main()
