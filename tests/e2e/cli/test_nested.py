"""`baton run` in places where somebody else runs already: inside of a task, and in a folder that is held."""
import os
import signal
import unittest

from support import WAIT_SECONDS, CliTest

LONG = "dag: long\ntasks:\n  t: {run: 'touch began; while [ ! -e go ]; do sleep 0.05; done'}\n"
INNER = "dag: inner\ntasks:\n  t: {run: echo inner}\n"


class RunInsideOfATask(CliTest):
    def outer(self, command):
        self.write("inner.yaml", INNER)
        self.write("outer.yaml", "dag: outer\ntasks:\n  t:\n    run: |\n" + "".join(
            f"      {line}\n" for line in (f"set +e; {command} -q > said 2>&1", "echo $? > code")))
        self.baton("run", "outer.yaml", "-q")
        return int((self.folder / "code").read_text()), (self.folder / "said").read_text()

    def baton_path(self):
        return os.path.realpath(os.environ.get("BATON_BINARY", "baton"))

    def test_with_a_state_folder_of_its_own_it_runs(self):
        code, said = self.outer(f"{self.baton_path()} run inner.yaml --state other")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.json("ls", "--state", "other")["dag_runs"][0]["state"], "success")

    def test_in_the_same_folder_it_is_refused_with_the_reason(self):
        for flags in ("", "--wait"):
            code, said = self.outer(f"{self.baton_path()} run inner.yaml {flags}")
            self.assertEqual(code, 5, said)
            self.assertIn("part of a task of process", said)
            self.assertIn("a state folder of its own", said)

    def test_a_cleared_environment_changes_nothing(self):
        code, said = self.outer(f"env -i PATH=\"$PATH\" {self.baton_path()} run inner.yaml --wait")
        self.assertEqual(code, 5, said)


class RunInAFolderThatIsHeld(CliTest):
    def test_who_waits_says_for_whom(self):
        self.write("long.yaml", LONG)
        self.write("inner.yaml", INNER)
        holder = self.begin("run", "long.yaml", "-q")
        self.until_file("began")
        waiter = self.begin("run", "inner.yaml", "--wait", "-q")
        line = waiter.stderr.readline()
        self.assertIn(f"waiting for process {holder.pid} (baton run long.yaml -q), run manual__", line)
        (self.folder / "go").touch()
        self.assertEqual(waiter.wait(WAIT_SECONDS), 0)


class SecondInterrupt(CliTest):
    def test_it_ends_although_the_worker_is_silent(self):
        self.write("long.yaml", "dag: long\ntasks:\n  t: {run: 'touch began; exec sleep 1000'}\n")
        process = self.begin("run", "long.yaml", "-q")
        self.until_file("began")
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
            worker = int(file.read().split()[0])
        os.kill(worker, signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        self.assertIn("stopping", process.stderr.readline())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(WAIT_SECONDS), 130)
        self.until(lambda: not os.path.exists(f"/proc/{worker}"), "the worker's end")
        self.baton("stop", "@latest")
        self.assertEqual(self.json("show", "@latest")["state"], "failed")


if __name__ == "__main__":
    unittest.main()
