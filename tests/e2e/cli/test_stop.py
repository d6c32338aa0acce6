"""`baton stop` of a run that nobody works on any more: scheduler and worker have been killed."""
import fcntl
import os
import signal
import socket
import threading
import unittest

from support import WAIT_SECONDS, CliTest

ABANDONED = """\
dag: abandoned
tasks:
  before:
    setup: true
    run: "true"
  long:
    needs: [before]
    run: |
      echo $$ > pid
      touch began
      sleep 1000
  next:
    needs: [long]
    run: touch never
  cleanup:
    teardown: before
    needs: [long]
    run: touch cleaned
"""


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:  # gone, before this opened it or while this read
        return False


class StopOfAnAbandonedRun(CliTest):
    def abandoned_run(self):
        self.write("abandoned.yaml", ABANDONED)
        process = self.begin("run", "abandoned.yaml", "-q")
        self.until_file("began")
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
            workers = [int(pid) for pid in file.read().split()]
        self.assertEqual(1, len(workers))
        for pid in (process.pid, *workers):  # the scheduler first: it would start another worker
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(process.wait(WAIT_SECONDS), -signal.SIGKILL)
        self.assertEqual(self.json("show", "@latest")["state"], "running")

    def check_it_has_ended(self):
        run = self.json("show", "@latest")
        self.assertEqual((run["state"], run["state_reason"]), ("failed", "stopped"))
        task = int((self.folder / "pid").read_text())
        self.assertFalse(lives(task), f"task process {task} still lives")
        self.assertFalse((self.folder / "never").exists())
        self.assertIsNone(self.json("ps")["holder"])
        self.assertIn("has ended already", self.baton("stop", "@latest", code=5).stderr)
        self.baton("resume", "@latest", code=1)

    def test_the_lock_is_taken_and_the_run_ends_with_its_teardowns(self):  # F-32
        self.abandoned_run()
        self.assertIn("nobody was working on it", self.baton("stop", "@latest").stderr)
        self.assertEqual(self.states(), {"before": "success", "long": "failed", "next": "skipped", "cleanup": "success"})
        self.assertTrue((self.folder / "cleaned").exists())
        self.check_it_has_ended()

    def test_kill_passes_teardowns_over(self):
        self.abandoned_run()
        self.baton("stop", "@latest", "--kill")
        self.assertEqual(self.states(), {"before": "success", "long": "failed", "next": "skipped", "cleanup": "skipped"})
        self.assertFalse((self.folder / "cleaned").exists())
        self.check_it_has_ended()

    def test_a_run_that_leaves_its_terminal_before_it_answers_is_stopped_all_the_same(self):
        self.abandoned_run()
        with LeavingTerminal(self.folder / ".baton", self.json("show", "@latest")["dag_run_id"]) as terminal:
            self.assertIn("nobody was working on it", self.baton("stop", "@latest").stderr)
            self.assertEqual(["GET /api/v2/version", "POST"], terminal.asked)
        self.check_it_has_ended()

    def test_what_is_asked_of_a_run_that_leaves_its_terminal_is_done_here(self):
        self.abandoned_run()
        run_id = self.json("show", "@latest")["dag_run_id"]
        with LeavingTerminal(self.folder / ".baton", run_id) as terminal:
            self.assertIn("nobody works on this run now", self.baton("pause", "@latest", code=5).stderr)
            self.assertEqual(["GET /api/v2/version", "POST"], terminal.asked)
        with LeavingTerminal(self.folder / ".baton", run_id) as terminal:
            self.assertIn("before", self.baton("clear", "@latest", "before", "--only", "--dry-run").stdout)
            self.assertEqual(["GET /api/v2/version", "POST"], terminal.asked)
        self.baton("stop", "@latest")


class LeavingTerminal:
    """Holds a state folder as a run in a terminal does, answers the first request, and is gone at the second."""

    def __init__(self, folder, run_id):
        self.lock = open(folder / "baton.db.lock", "r+")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.lock.write(f"{os.getpid()}\n{run_id}\nrun\n")
        self.lock.flush()
        (folder / "control.sock").unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(folder / "control.sock"))
        self.socket.listen()
        self.asked = []
        self.thread = threading.Thread(target=self.answer)

    def __enter__(self):
        self.thread.start()
        return self

    def answer(self):
        link, _ = self.socket.accept()
        self.asked.append(" ".join(link.recv(65536).decode().split()[:2]))
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        link.close()
        link, _ = self.socket.accept()
        self.asked.append(link.recv(65536).decode().split()[0])
        self.socket.close()
        self.lock.close()
        link.close()

    def __exit__(self, *_):
        self.thread.join(WAIT_SECONDS)


if __name__ == "__main__":
    unittest.main()
