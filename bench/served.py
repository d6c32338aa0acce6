"""A `baton server` of a benchmark, over a folder of its own, and requests to it."""

import contextlib
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import time
from collections import Counter

import measuring
from measuring import BATON, SLOTS, Wrong

STUCK_S = 300.0


def until(what, holds, every_s=0.005, stuck_s=STUCK_S):
    """The first answer of `holds()` that is true."""
    end = time.monotonic() + stuck_s
    while not (found := holds()):
        if time.monotonic() > end:
            raise Wrong(f"{what}: not after {stuck_s} s")
        time.sleep(every_s)
    return found


class Server:
    """One process and its worker. `with Server(folder) as server:` starts it and stops both with all that they run."""

    def __init__(self, folder, *flags):
        self.folder, self.flags, self.process, self.connection = folder, flags, None, None
        self.dags, self.state = os.path.join(folder, "dags"), os.path.join(folder, "state")
        os.makedirs(self.dags, exist_ok=True)

    def start(self):
        """Returns how long it took until the API answered, in seconds."""
        begin = time.monotonic()
        self.log = open(os.path.join(self.folder, "server.log"), "ab")
        self.process = subprocess.Popen(
            [BATON, "server", "--listen", "127.0.0.1:0", "--dags", "dags", "--state", "state", "--slots", str(SLOTS), *self.flags],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        until("the server answers", self.address, 0.001)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=STUCK_S)
        self.connection.request("GET", "/readyz")
        self.connection.getresponse().read()
        return time.monotonic() - begin

    def address(self):
        if self.process.poll() is not None:
            raise Wrong(f"the server ended with {self.process.returncode}; see {self.folder}/server.log")
        try:
            with open(os.path.join(self.state, "server.json")) as file:
                about = json.load(file)
        except (FileNotFoundError, ValueError):
            return False
        if about["pid"] != self.process.pid:
            return False
        self.port = int(about["url"].rsplit(":", 1)[1].rstrip("/"))
        with open(os.path.join(self.state, "admin.token")) as file:
            self.token = file.read().strip()
        return True

    def ask(self, method, path, body=None):
        """The document of a request that must be answered with 2xx."""
        headers = {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise Wrong(f"{method} {path}: {answer.status} {text[:300].decode(errors='replace')}")
        return json.loads(text) if text and "json" in (answer.headers["Content-Type"] or "") else text

    def load(self, requests, connections, total, rate=0):
        """Sends `total` requests, each a (method, path, body) in turn; the times of the answers in ms, sorted."""
        self.connection.close()  # an address may have 64; the next request opens it again
        out, paths = os.path.join(self.folder, "load"), []
        for i, request in enumerate(requests):
            paths.append(os.path.join(self.folder, f"request.{i}"))
            with open(paths[-1], "wb") as file:
                file.write(self.text_of(*request))
        with open(out, "wb") as file:
            words = [measuring.native("http_load"), str(self.port), str(connections), str(total), str(rate)]
            done = subprocess.run(words + paths, stdout=file, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise Wrong(f"http_load ended with {done.returncode}: {done.stderr.decode()}")
        with open(out) as file:
            answers = [line.split() for line in file]
        statuses = Counter(status for status, _ in answers)
        if any(not status.startswith("2") for status in statuses):
            raise Wrong(f"statuses of {requests[0][1]}: {dict(statuses)}")
        return sorted(int(us) / 1000 for _, us in answers)

    def text_of(self, method, path, body=None):
        text = b"" if body is None else json.dumps(body).encode()
        head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Authorization: Bearer {self.token}"]
        if body is not None:
            head += ["Content-Type: application/json", f"Content-Length: {len(text)}"]
        return "\r\n".join(head + ["", ""]).encode() + text

    def dags_known(self):
        return self.ask("GET", "/api/v2/dags?limit=1")["total_entries"]

    def until_known(self, count, every_s=0.02):
        until(f"{count} DAGs", lambda: self.dags_known() >= count, every_s)

    def rows(self, sql, *values):
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/baton.db?mode=ro", uri=True)) as db:
            return db.execute(sql, values).fetchall()

    def cpu_s(self):
        """Of all its threads, to the nanosecond; of those that have ended nothing."""
        total = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/schedstat") as file:
                total += int(file.read().split()[0])
        return total / 1e9

    def peak_mib(self):
        return self.status_kib("VmHWM") / 1024

    def resident_mib(self):
        return self.status_kib("VmRSS") / 1024

    def status_kib(self, name):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self):
        """Ctrl-C twice: tasks and worker end with it."""
        for _ in range(2):
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGINT)
                time.sleep(0.2)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
        self.log.close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


def write_files(folder, count, text):
    """`count` DAG files; text(i) is the i-th."""
    for i in range(count):
        with open(os.path.join(folder, f"d{i}.dag.yaml"), "w") as file:
            file.write(text(i))


def percentile(times, share):
    """Of sorted times: the least that `share` of them do not exceed."""
    return times[min(len(times) - 1, int(len(times) * share))]
