"""A real server under load and chaos, and the history of it: clients over the API, tasks that say what they do, processes
that are killed and stopped. What becomes of it is judged by checker.py alone."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from datetime import datetime

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "chaos"))
import procs  # noqa: E402

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BATON = os.path.abspath(os.environ.get("BATON", os.path.join(REPO, "build/release/baton")))
ANSWER_S = 10.0
CALM_S = 90.0

LIB = r"""
say() { printf '%s %s %s %s %s %s %s\n' "$1" "$BATON_RUN_ID" "$BATON_TASK_ID" "$BATON_MAP_INDEX" "$BATON_FENCE_TOKEN" "$BATON_TRY_NUMBER" "$EPOCHREALTIME" >> "$CHAOS/witness"; }
exec 9>> "$CHAOS/locks/$BATON_RUN_ID.$BATON_TASK_ID.$BATON_MAP_INDEX"
flock -n 9 || { [ $? = 1 ] && say overlap; }  # any other code: flock itself was killed
say start
ok() { say ok; exit 0; }
bad() { say bad; exit 1; }
"""
HEAD = 'env: {{CHAOS: "{folder}"}}\ndefaults: {{retries: {{max: {retries}, delay: 40ms, backoff: constant, jitter: none}}, grace: 1s}}\ntasks:\n'
EVENTS = [("kill_server", 6), ("kill_worker", 2), ("kill_both", 3), ("kill_task", 2), ("stop_server_for_a_while", 2),
          ("stop_worker_for_a_while", 1), ("restart_server", 2)]


def _task(name, body, needs=(), more=""):
    text = f"  {name}:\n" + (f"    needs: [{', '.join(needs)}]\n" if needs else "") + more + "    run: |\n"
    return text + "".join(f"      {line}\n" for line in ['. "$CHAOS/lib.sh"', *body.splitlines()])


class Unanswered(Exception):
    pass


class Served:
    """Use: play(), then history(); close() in any case."""

    def __init__(self, seed, users=4):
        self.rng = random.Random(seed)
        self.seed, self.users = seed, users
        self.folder = tempfile.mkdtemp(prefix=f"history-{seed}-")
        os.mkdir(os.path.join(self.folder, "locks"))
        os.mkdir(os.path.join(self.folder, "dags"))
        self.state = os.path.join(self.folder, "state")
        with open(os.path.join(self.folder, "lib.sh"), "w") as lib:
            lib.write(LIB)
        self.dags = {}
        self._write_dags()
        self.clients, self.disturbed, self.counts = [], [], Counter()
        self.lock = threading.Lock()
        self.process, self.is_over = None, False
        self.slowest_start_s = 0.0

    def _write_dags(self):
        def write(name, top, tasks, needs, pool=(), every_s=None, retries=60):
            with open(os.path.join(self.folder, "dags", name + ".yaml"), "w") as file:
                file.write(f"dag: {name}\n{top}" + HEAD.format(folder=self.folder, retries=retries) + tasks)
            self.dags[name] = {"needs": needs, "retries": retries, "pool": {task: "door" for task in pool}, "every_s": every_s}

        chain = ["a", "b", "c"]
        write("chain", "", "".join(_task(n, "sleep 0.15\nok", chain[:i][-1:]) for i, n in enumerate(chain)),
              {"b": ["a"], "c": ["b"]})
        fan = _task("source", "ok") + _task("part", "sleep 0.1\nok", ["source"], "    for_each: {items: [1, 2, 3], as: x}\n")
        write("fan", "", fan + _task("sink", "ok", ["part"]), {"part": ["source"], "sink": ["part"]})
        door = "".join(_task(f"p{n}", "sleep 0.1\nok", (), "    pool: door\n") for n in range(4))
        write("door", "pools: {door: {slots: 2}}\n", door, {}, pool=[f"p{n}" for n in range(4)])
        flaky = _task("flaky", 'sleep 0.05\nif [ "$BATON_TRY_NUMBER" -lt 2 ]; then bad; fi\nok')
        write("flaky", "", flaky + _task("after", "ok", ["flaky"]), {"after": ["flaky"]})
        write("ticks", "schedule: {every: 2s, catchup: all}\nmax_active_runs: 3\n", _task("t", "ok"), {}, every_s=2.0)

    # the server

    def start(self):
        begin = time.monotonic()
        with open(os.path.join(self.folder, "out"), "ab") as out:
            self.process = subprocess.Popen(
                [BATON, "server", "--listen", "127.0.0.1:0", "--dags", os.path.join(self.folder, "dags"), "--state", self.state,
                 "--slots", "6"], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                env={"PATH": os.environ["PATH"], "HOME": self.folder}, cwd=self.folder)
        procs.wait_until(lambda: self.info().get("pid") == self.process.pid or self.process.poll() is not None, 30,
                         "the server answers")
        if self.process.poll() is not None:
            with open(os.path.join(self.folder, "out"), errors="replace") as out:
                raise procs.Stuck(f"the server ended {self.process.returncode}: {out.read()[-800:]}")
        self.slowest_start_s = max(self.slowest_start_s, time.monotonic() - begin)

    def info(self):
        try:
            with open(os.path.join(self.state, "server.json")) as file:
                return json.load(file)
        except (OSError, ValueError):
            return {}

    def worker(self):
        """The pid of the live worker of the state folder; it may be nobody's child."""
        for pid in procs.processes():
            words = procs._read(f"/proc/{pid}/cmdline").split(b"\0")
            if words[0].endswith(b"baton-worker") and any(self.state.encode() in word for word in words) and procs.is_alive(pid):
                return pid
        return None

    # clients

    def ask(self, method, path, body=None, **headers):
        url = self.info().get("url")
        if not url:
            raise Unanswered("no address")
        request = urllib.request.Request(url + path, method=method)
        with open(os.path.join(self.state, "admin.token")) as token:
            request.add_header("Authorization", "Bearer " + token.read().strip())
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, None
        except (OSError, ValueError, urllib.error.URLError) as error:
            raise Unanswered(str(error)) from None

    def recorded(self, op, dag, run, key, method, path, body, **headers):
        """Asks, and writes down what was asked and what came of it; the status, or none."""
        entry = {"id": str(uuid.uuid4()), "at": time.time(), "dag": dag, "op": op, "run": run, "key": key, "run_made": None}
        status = None
        try:
            status, answer = self.ask(method, path, body, **headers)
            busy = status in (429, 503, 507)  # nothing was done, and the same may be asked again
            entry["outcome"] = "ok" if 200 <= status < 300 else "refused" if not busy else "unknown"
            if entry["outcome"] == "ok" and isinstance(answer, dict):
                entry["run_made"] = answer.get("dag_run_id")
        except Unanswered:
            entry["outcome"] = "unknown"
        entry["done_at"] = time.time()
        with self.lock:
            self.clients.append(entry)
        return entry

    def trigger(self, dag, run, key):
        return self.recorded("trigger", dag, run, key, "POST", f"/api/v2/dags/{dag}/dagRuns",
                             {"dag_run_id": run, "logical_date": None}, Idempotency_Key=key)

    def user(self, number):
        """Triggers, asks again with the same key where no answer came, and now and then stops or clears a run of its own."""
        rng = random.Random(f"{self.seed}/{number}")
        mine, count = [], 0
        while not self.is_over:
            dag = rng.choice(["chain", "fan", "door", "flaky"])
            run, key = f"u{number}-{count}", f"key-{number}-{count}"
            count += 1
            for _ in range(200):
                entry = self.trigger(dag, run, key)
                if entry["outcome"] != "unknown" or self.is_over:
                    break
                time.sleep(0.05)
            mine.append((dag, run))
            if rng.random() < 0.15:
                self.trigger(dag, run, key)  # again, though it was answered
            if rng.random() < 0.08:
                dag, run = rng.choice(mine)
                self.recorded("stop", dag, run, None, "POST", f"/api/v2/dags/{dag}/dagRuns/{run}:cancel", {"why": "chaos"})
            if rng.random() < 0.05:
                dag, run = rng.choice(mine)
                self.recorded("clear", dag, run, None, "POST", f"/api/v2/dags/{dag}/clearTaskInstances",
                              {"dry_run": False, "dag_run_id": run, "only_failed": False})
            time.sleep(rng.uniform(0.05, 0.5))

    # chaos

    def disturb(self):
        self.disturbed.append(time.time())

    def kill_server(self):
        self.disturb()
        self.process.kill()
        self.process.wait()
        time.sleep(self.rng.choice([0, 0, 0.3]))
        self.start()
        return True

    def kill_worker(self):
        pid = self.worker()
        if pid is None:
            return False
        self.disturb()
        procs.send(pid, signal.SIGKILL)
        return True

    def kill_both(self):
        pid = self.worker()
        self.disturb()
        for one in self.rng.sample([self.process.pid] + ([pid] if pid else []), 2 if pid else 1):
            procs.send(one, signal.SIGKILL)
        self.process.wait()
        self.start()
        return True

    def kill_task(self):
        tasks = [pid for pid in procs.processes() if b"BATON_RUN_ID=" in procs._read(f"/proc/{pid}/environ") and
                 self.folder.encode() in procs._read(f"/proc/{pid}/environ")]
        if not tasks:
            return False
        self.disturb()
        return procs.send(self.rng.choice(tasks), signal.SIGKILL)

    def pause(self, pid):
        if pid is None or not procs.send(pid, signal.SIGSTOP):
            return False
        self.disturb()
        time.sleep(self.rng.uniform(0.1, 1.0))
        procs.send(pid, signal.SIGCONT)
        self.disturb()
        return True

    def stop_server_for_a_while(self):
        return self.pause(self.process.pid)

    def stop_worker_for_a_while(self):
        return self.pause(self.worker())

    def restart_server(self):
        """As an upgrade does: SIGTERM, and the next one adopts what runs."""
        self.disturb()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            raise procs.Stuck("20 s after SIGTERM the server still lives") from None
        self.start()
        return True

    def play(self, events):
        self.start()
        threads = [threading.Thread(target=self.user, args=(n,), daemon=True) for n in range(self.users)]
        for thread in threads:
            thread.start()
        names, weights = zip(*EVENTS)
        while sum(self.counts.values()) < events:
            time.sleep(self.rng.uniform(0.1, 0.8))
            name = self.rng.choices(names, weights)[0]
            if getattr(self, name)():
                self.counts[name] += 1
        self.is_over = True
        for thread in threads:
            thread.join(60)
        self.calm()
        return self

    def calm(self):
        """Nothing more is done to it: the schedule is paused, and all that was accepted comes to its end."""
        def is_quiet():
            try:
                status, page = self.ask("GET", "/api/v2/dags/~/dagRuns?state=running&state=queued&limit=1")
            except Unanswered:
                return False
            return status == 200 and page["total_entries"] == 0
        procs.wait_until(lambda: self._status("PATCH", "/api/v2/dags/ticks", {"is_paused": True}) == 200, 30, "the pause")
        try:
            procs.wait_until(is_quiet, CALM_S, "all runs have ended")
        except procs.Stuck:
            pass  # the history tells which have not

    def _status(self, *asked):
        try:
            return self.ask(*asked)[0]
        except Unanswered:
            return None

    # what came of it

    def pages(self, path, member):
        rows = []
        while True:
            joint = "&" if "?" in path else "?"
            status, page = self.ask("GET", f"{path}{joint}limit=100&offset={len(rows)}")
            if status != 200:
                raise AssertionError(f"GET {path}: {status}")
            rows += page[member]
            if len(page[member]) < 100:
                return rows

    def history(self):
        runs = {}
        for run in self.pages("/api/v2/dags/~/dagRuns?order_by=id", "dag_runs"):
            date = run["logical_date"]
            runs[run["dag_id"], run["dag_run_id"]] = {
                "dag": run["dag_id"], "run": run["dag_run_id"], "type": run["run_type"], "state": run["state"],
                "logical_date": datetime.fromisoformat(date.replace("Z", "+00:00")).timestamp() if date else None, "tasks": []}
        for (dag, name), run in runs.items():
            base = f"/api/v2/dags/{dag}/dagRuns/{urllib.request.quote(name)}/taskInstances"
            for one in self.pages(base, "task_instances"):
                path = f"{base}/{one['task_id']}" + (f"/{one['map_index']}" if one["map_index"] >= 0 else "") + "/tries"
                status, tries = self.ask("GET", path)
                tries = tries["task_instances"] if status == 200 else []
                run["tasks"].append({"task": one["task_id"], "index": one["map_index"], "state": one["state"],
                                     "tries": [{"try": t["try_number"], "state": t["state"]} for t in tries]})
        return {"pools": {"door": 2}, "dags": self.dags, "clients": self.clients, "witness": self.witness(),
                "disturbed": self.disturbed, "runs": list(runs.values())}

    def witness(self):
        try:
            with open(os.path.join(self.folder, "witness")) as file:
                text = file.read()
        except FileNotFoundError:
            return []
        out = []
        for raw in text[: text.rfind("\n") + 1].splitlines():
            what, run, task, index, epoch, number, at = raw.split(" ")
            out.append({"what": what, "run": run, "task": task, "index": int(index), "epoch": int(epoch), "try": int(number),
                        "at": float(at)})
        return out

    def orphans(self):
        return [pid for pid in procs.processes() if self.folder.encode() in procs._read(f"/proc/{pid}/environ") and
                b"BATON_ATTEMPT" in procs._read(f"/proc/{pid}/environ") and procs.is_alive(pid)]

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        worker = self.worker()
        if worker:
            procs.send(worker, signal.SIGCONT)
            procs.send(worker, signal.SIGKILL)
        for pid in self.orphans():
            procs.send(pid, signal.SIGKILL)
        if os.environ.get("CHAOS_KEEP"):
            print(f"kept {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
