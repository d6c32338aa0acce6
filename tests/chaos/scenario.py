"""One run of a small DAG that is disturbed again and again, and the judgement of what became of it."""

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter, defaultdict

import dags
import procs
from witness import Witness

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BATON = os.path.abspath(os.environ.get("BATON", os.path.join(REPO, "build/release/baton")))
ORPHAN_LIMIT_S = 5.0
END_LIMIT_S = 60.0
LOSSES_MAX = 3  # of a worker under a live scheduler: the budget that a run has
FINAL = {"success", "failed", "upstream_failed", "skipped", "removed"}
EVENTS = [
    ("kill_run", 5), ("kill_worker", 3), ("kill_both", 4), ("kill_task", 4), ("pause_run", 2), ("pause_worker", 2),
    ("pause_task", 2), ("freeze_worker_kill_run", 1), ("interrupt", 2), ("interrupt_twice", 2), ("second_process", 3),
    ("stop_command", 2),
]


class Scenario:
    """Use: play(), then `problems` (kind, text), `counts` of events, `cut_off`. Everything lies in one temporary folder."""

    def __init__(self, seed, kind=None, baton=None, env=None, events_max=7, grace="1s"):
        self.rng = random.Random(seed)
        self.seed, self.baton = seed, baton or BATON
        self.kind = kind or self.rng.choice(sorted(dags.KINDS))
        self.events_max = events_max
        self.folder = tempfile.mkdtemp(prefix=f"chaos-{seed}-")
        self.state = os.path.join(self.folder, "state")
        self.dag = os.path.join(self.folder, f"{self.kind}.dag.yaml")
        self.run_id = f"chaos-{os.getpid()}-{seed}"
        self.witness = Witness(self.folder)
        self.downstream = dags.write(self.kind, self.folder, self.dag, grace=grace)
        self.env = {"PATH": os.environ["PATH"], "HOME": self.folder, **(env or {})}
        self.process, self.was_stopped = None, False
        self.problems, self.counts, self.history = [], Counter(), []
        self.disturbed_at, self.losses, self.slowest_sweep_s, self.cut_off = [], 0, 0.0, 0
        self.seen_success = {}  # instance -> number of witness lines when Baton said so

    # What is done

    def play(self, events=None):
        """`events`: names in order instead of random ones."""
        try:
            self.start()
            for n in range(len(events) if events is not None else self.events_max):
                self.wait_for_a_moment()
                if self.process.poll() is not None:
                    break
                name = events[n] if events is not None else self.choose()
                self.history.append(name)
                if getattr(self, name)():
                    self.counts[name] += 1
                self.look()
                if self.process.poll() is not None and not self.go_on():
                    break
            self.finish()
        except procs.Stuck as stuck:
            self.problem("stuck", str(stuck))
        except AssertionError as failed:
            self.problem("wrong", str(failed))
        finally:
            self.clean_up()
        return self

    def choose(self):
        names, weights = zip(*EVENTS)
        return self.rng.choices(names, weights)[0]

    def problem(self, kind, text):
        self.problems.append((kind, f"seed {self.seed} ({self.kind}; {' '.join(self.history)}): {text}"))

    def disturb(self):
        self.disturbed_at.append(time.time())

    def launch(self, *words):
        with open(os.path.join(self.folder, "out"), "ab") as out:
            out.write(f"$ {' '.join(words)}\n".encode())
            out.flush()
            self.process = subprocess.Popen([self.baton, *words, "--state", self.state], stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out, env=self.env, cwd=self.folder, start_new_session=True)

    def command(self, *words, limit_s=30):
        try:
            return subprocess.run([self.baton, *words, "--state", self.state], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, env=self.env, cwd=self.folder, timeout=limit_s)
        except subprocess.TimeoutExpired:
            raise procs.Stuck(f"`baton {' '.join(words)}` took more than {limit_s} s") from None

    def start(self):
        self.launch("run", self.dag, "--run-id", self.run_id, "--slots", "3", "-q")

    def wait_for_a_moment(self):
        """A few witness lines further on, or right after the birth of the process."""
        if self.rng.random() < 0.15:
            until = time.monotonic() + self.rng.random() * 0.06
            while time.monotonic() < until:
                pass
            return
        wanted = self.witness.count() + self.rng.randint(1, 3)
        procs.wait_until(lambda: self.process.poll() is not None or self.witness.count() >= wanted, END_LIMIT_S,
                         "the run goes on or ends")

    # The events; each says whether it happened

    def kill_run(self):
        self.disturb()
        self.process.kill()
        self.process.wait()
        if self.rng.random() < 0.7:
            self.expect_quiet()
        return True

    def kill_worker(self):
        worker = procs.worker_of(self.process.pid)
        if worker is None or self.losses >= LOSSES_MAX:
            return False
        old = procs.of_run(self.run_id)
        self.disturb()
        procs.send(worker, signal.SIGKILL)
        self.losses += 1
        self.expect_gone(old, "after kill -9 of the worker")
        return True

    def kill_both(self):
        """Where there is no cgroup leaf, daemons with a session of their own live until the next resume (documented)."""
        worker = procs.worker_of(self.process.pid)
        self.disturb()
        order = [self.process.pid] + ([worker] if worker else [])
        self.rng.shuffle(order)
        for pid in order:
            procs.send(pid, signal.SIGKILL)
        self.process.wait()
        return True

    def kill_task(self):
        open_attempts = self.witness.open_attempts()
        self.rng.shuffle(open_attempts)
        alive = {p.pid: p for p in procs.of_run(self.run_id)}
        for line in open_attempts:
            if line.pid not in alive:
                continue
            attempt = alive[line.pid].attempt
            self.disturb()
            procs.send(line.pid, signal.SIGKILL)
            self.expect_gone([p for p in alive.values() if p.attempt == attempt], "after kill -9 of its task")
            return True
        return False

    def pause(self, pid):
        if pid is None or not procs.send(pid, signal.SIGSTOP):
            return False
        self.disturb()
        time.sleep(0.05 + self.rng.random() * 0.3)
        procs.send(pid, signal.SIGCONT)
        self.disturb()
        return True

    def pause_run(self):
        return self.pause(self.process.pid)

    def pause_worker(self):
        return self.pause(procs.worker_of(self.process.pid))

    def pause_task(self):
        alive = {p.pid for p in procs.of_run(self.run_id)}
        pids = [line.pid for line in self.witness.open_attempts() if line.pid in alive]
        return self.pause(self.rng.choice(pids)) if pids else False

    def freeze_worker_kill_run(self):
        """The scheduler dies while its worker cannot notice; the next one comes while the old worker still stands there."""
        worker = procs.worker_of(self.process.pid)
        if worker is None:
            return False
        procs.send(worker, signal.SIGSTOP)
        self.kill_process_only()
        self.resume()
        time.sleep(self.rng.random() * 0.4)
        procs.send(worker, signal.SIGCONT)
        self.disturb()
        return True

    def kill_process_only(self):
        self.disturb()
        self.process.kill()
        self.process.wait()

    def interrupt(self, times=1):
        signals = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
        self.disturb()
        for n in range(times):
            if n:
                time.sleep(self.rng.random() * 0.08)
            self.process.send_signal(self.rng.choice(signals))
        code = self.wait_for_end()
        # A signal that comes before or after the handlers stand ends the process at once: as a shell says it, 128 + n.
        if code != 130 and code not in (-signal.SIGINT, -signal.SIGTERM, -signal.SIGHUP) and not self.ended_by_itself(code):
            self.problem("exit code", f"{code} after an interrupt")
        self.was_stopped = True
        self.expect_quiet()
        return True

    def interrupt_twice(self):
        return self.interrupt(2)

    def second_process(self):
        if self.rng.random() < 0.5:
            words = ["resume", self.run_id, "-q"]
        else:
            words = ["run", self.dag, "--run-id", self.run_id, "-q"]
        first = self.process.pid
        done = self.command(*words)
        if self.process.poll() is not None:
            return False
        if done.returncode != 5 or str(first) not in done.stderr:
            # Before the first one holds the lock, the second may have won: then the first says 5 and is not the holder.
            self.problem("exit code", f"a second `{words[0]}` beside {first} ended {done.returncode}: {done.stderr.strip()}")
        return True

    def stop_command(self):
        if self.show() is None:
            return False
        words = ["stop", self.run_id] + (["--kill"] if self.rng.random() < 0.3 else [])
        self.disturb()
        if self.rng.random() < 0.3:  # nobody works on it any more
            self.kill_process_only()
        done = self.command(*words)
        ended = self.process.poll() is not None
        if done.returncode != 0 and not (done.returncode in (3, 5) and ended):
            self.problem("exit code", f"`baton {' '.join(words)}` ended {done.returncode}: {done.stderr.strip()}")
        code = self.wait_for_end()
        if code not in (0, 1, -signal.SIGKILL):
            self.problem("exit code", f"{code} after `baton stop`")
        self.was_stopped = True
        self.expect_quiet()
        return True

    # Going on

    def resume(self):
        if self.show() is None:
            self.start()
        else:
            self.launch("resume", self.run_id if self.rng.random() < 0.5 else "@latest", "--slots", "3", "-q")

    def go_on(self):
        """After the process has ended: resume or retry what is not done. False if it is done."""
        shown = self.show()
        if shown is not None and shown["state"] in ("success", "failed"):
            if shown["state"] == "success" or not self.was_stopped or self.rng.random() < 0.4:
                return False
            self.launch("retry", "@latest", "--slots", "3", "-q")
            return True
        old = procs.of_run(self.run_id)
        self.resume()
        self.expect_gone(old, "of the time before the resume", ORPHAN_LIMIT_S)
        return True

    def wait_for_end(self):
        procs.wait_until(lambda: self.process.poll() is not None, END_LIMIT_S, f"the end of `{self.process.args[1]}`")
        return self.process.returncode

    def finish(self):
        for _ in range(6):
            code = self.wait_for_end()
            shown = self.show()
            if shown is not None and shown["state"] in ("success", "failed"):
                break
            if code not in (-9, -signal.SIGINT, -signal.SIGTERM, -signal.SIGHUP, 130):
                raise AssertionError(f"`baton {self.process.args[1]}` ended {code} with the run {shown and shown['state']}: {self.tail()}")
            self.resume()
        else:
            self.problem("lost", "the run never ended")
            return
        self.expect_quiet()
        self.judge(shown)

    # What is checked

    def ended_by_itself(self, code):
        shown = self.show()
        return shown is not None and {"success": 0, "failed": 1}.get(shown["state"]) == code

    def show(self):
        done = self.command("show", self.run_id, "-o", "json")
        if done.returncode in (2, 3):
            return None
        if done.returncode == 70 and not os.path.exists(os.path.join(self.state, "baton.db")):
            return None
        assert done.returncode == 0, f"`baton show` ended {done.returncode}: {done.stderr}"
        return json.loads(done.stdout)

    def look(self):
        """What Baton calls a success now must never begin again."""
        lines = self.witness.count()
        shown = self.show() if self.rng.random() < 0.5 else None
        for row in (shown or {}).get("task_instances", ()):
            if row["state"] == "success":
                self.seen_success.setdefault(f"{row['task_id']}/{row['map_index']}", None)
                if self.seen_success[f"{row['task_id']}/{row['map_index']}"] is None:
                    self.seen_success[f"{row['task_id']}/{row['map_index']}"] = lines

    def expect_gone(self, old, when, limit_s=ORPHAN_LIMIT_S):
        begin = time.monotonic()
        while True:
            left = [p for p in old if procs.is_alive(p.pid, p.started)]
            if not left:
                break
            if time.monotonic() - begin > limit_s:
                self.problem("orphan", f"{when}: " + "; ".join(f"{p.pid} {p.attempt} {p.command}" for p in left))
                procs.kill_all(left)
                return
            time.sleep(0.01)
        self.slowest_sweep_s = max(self.slowest_sweep_s, time.monotonic() - begin)

    def expect_quiet(self):
        """No process of the run and none that works on its folder; the process under test has ended."""
        begin = time.monotonic()
        while True:
            left = procs.of_run(self.run_id)
            workers = [] if left else procs.on_state(self.state)
            if not left and not workers:
                break
            if time.monotonic() - begin > ORPHAN_LIMIT_S:
                text = "; ".join(f"{p.pid} {p.attempt} {p.command}" for p in left) or f"baton processes {workers}"
                self.problem("orphan", f"{ORPHAN_LIMIT_S:.0f} s after the end: {text}")
                procs.kill_all(left)
                return
            time.sleep(0.01)
        self.slowest_sweep_s = max(self.slowest_sweep_s, time.monotonic() - begin)

    def judge(self, shown):
        doubled, self.cut_off = self.witness.findings(self.disturbed_at, self.downstream)
        for text in doubled:
            self.problem("doubled", text)
        lines = self.witness.lines()
        for number, line in enumerate(lines):
            if line.what == "start" and number >= self.seen_success.get(line.instance, number + 1):
                self.problem("doubled", f"{line.instance}: began again after `baton show` had said success")
        said = defaultdict(set)
        for line in lines:
            said[line.what, line.instance].add((line.try_number, line.pid))
        for row in shown["task_instances"]:
            self.judge_instance(row, said)
        all_success = all(row["state"] == "success" for row in shown["task_instances"])
        if (shown["state"] == "success") != all_success:
            self.problem("wrong", f"the run is {shown['state']} and its instances are not")
        if not self.was_stopped and not all_success:
            bad = [f"{r['task_id']}/{r['map_index']} {r['state']} {r['state_reason']}" for r in shown["task_instances"]
                   if r["state"] != "success"]
            self.problem("lost", f"nobody stopped it, yet: {bad}")
        checked = self.command("db", "check")
        if checked.returncode != 0:
            self.problem("database", checked.stdout + checked.stderr)

    def judge_instance(self, row, said):
        instance = f"{row['task_id']}/{row['map_index']}"
        if row["state"] not in FINAL:
            return self.problem("lost", f"{instance} is {row['state']} in a run that has ended")
        tries = {t["try_number"] for t in row["tries"]}
        for try_number, _ in said["start", instance]:
            if try_number not in tries:
                self.problem("wrong", f"{instance}: try {try_number} began and Baton has no row of it")
        well = [(t["try_number"], t["pid"]) for t in row["tries"] if t["state"] == "success"]
        if len(well) != (row["state"] == "success"):
            self.problem("doubled", f"{instance} is {row['state']} with {len(well)} successful tries")
        for try_number, pid in well:
            if not any(n == try_number and pid in (None, p) for n, p in said["ok", instance]):
                self.problem("wrong", f"{instance}: try {try_number} (pid {pid}) is called a success; its task never said so")

    def tail(self):
        with open(os.path.join(self.folder, "out"), errors="replace") as file:
            return file.read()[-600:]

    def clean_up(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in procs.on_state(self.state):
            procs.send(pid, signal.SIGCONT)
            procs.send(pid, signal.SIGKILL)
        procs.kill_all(procs.of_run(self.run_id))
        if self.problems and os.environ.get("CHAOS_KEEP"):
            print(f"kept {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
