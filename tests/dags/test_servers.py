"""dags/servers.py: a server stays up until it is told to go, and nobody waits for one that is gone."""
import os
import signal
import subprocess
import sys

from pipeline import DAGS, PipelineTest, children_of

# The same program with one more server, of the standard library.
PROGRAM = """
import sys, servers, task
servers.SERVERS["pages"] = lambda _, port: [sys.executable, "-S", "-m", "http.server", str(port), "-b", "127.0.0.1"]
task.main(servers.serve, servers.up, servers.down)
"""


class Servers(PipelineTest):
    def setUp(self):
        super().setUp()
        self.run_folder = self.folder / "work" / "servers"
        self.run_folder.mkdir(parents=True)

    def call(self, *words):
        return subprocess.run(**self.program(words), text=True, capture_output=True, timeout=120)  # `down` has ten minutes' patience

    def program(self, words):
        env = {**self.environment(), "PYTHONDONTWRITEBYTECODE": "1", "DATA": str(self.home),
               "BATON_WORK_DIR": str(self.folder / "work")}
        return {"args": [sys.executable, "-S", "-c", PROGRAM, *words], "cwd": DAGS, "env": env,
                "stdin": subprocess.DEVNULL}

    def serve(self):
        process = subprocess.Popen(**self.program(["serve", "pages"]), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_one_that_is_told_to_go_ends_well(self):
        process = self.serve()
        self.assertEqual(self.call("up", "pages").returncode, 0)
        self.assertEqual(self.call("down", "pages").returncode, 0)
        self.assertEqual(process.wait(60), 0)

    def test_a_second_one_on_the_same_folder_is_refused_and_may_be_tried_again(self):
        self.serve()
        self.assertEqual(self.call("up", "pages").returncode, 0)
        second = self.call("serve", "pages")
        self.assertEqual((second.returncode, "another pages works on" in second.stderr), (75, True), second.stderr)
        self.call("down", "pages")

    def test_nobody_waits_for_one_that_was_killed(self):
        process = self.serve()
        self.assertEqual(self.call("up", "pages").returncode, 0)
        for pid in [*children_of(process.pid), process.pid]:
            os.kill(pid, signal.SIGKILL)
        process.wait()
        self.assertTrue((self.run_folder / "pages.json").exists())  # it had no time to take it away
        done = self.call("down", "pages")
        self.assertEqual((done.returncode, (self.run_folder / "pages.json").exists()), (0, False), done.stderr)

    def test_nobody_waits_for_one_that_never_came(self):
        self.assertEqual(self.call("down", "pages").returncode, 0)
