"""`dags/demo.sh`, as `./dev demo` runs it, with one day: without a terminal it ends, and its server with it."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request

from support import BATON, CliTest

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Demo(CliTest):
    def test_it_shows_the_runs_the_report_and_what_to_type_and_ends(self):
        shutil.copytree(ROOT / "dags", self.folder / "dags", ignore=shutil.ignore_patterns(".baton*", "__pycache__"))
        env = self.environment(BATON_DEMO_DAYS="1")
        done = subprocess.run(["dags/demo.sh", os.path.realpath(BATON)], cwd=self.folder, env=env, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=600)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"✓ 2001-02-12 .* success")
        self.assertIn("# Flight delays, 2001-02-12", done.stdout)
        self.assertIn("curl -s --unix-socket", done.stdout)
        self.assertFalse((self.folder / ".baton" / "server.json").exists())
        self.assertEqual("success", self.json("show", "flights@latest")["state"])

    def test_on_a_terminal_it_goes_on_and_ends_with_a_link_that_opens_the_last_run(self):
        shutil.copytree(ROOT / "dags", self.folder / "dags", ignore=shutil.ignore_patterns(".baton*", "__pycache__"))
        terminal, inner = os.openpty()
        demo = subprocess.Popen(["dags/demo.sh", os.path.realpath(BATON)], cwd=self.folder,
                                env=self.environment(BATON_DEMO_DAYS="1"), stdin=subprocess.DEVNULL, stdout=inner,
                                stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(demo.wait)
        self.addCleanup(os.killpg, demo.pid, signal.SIGINT)
        os.close(inner)
        shown = b""
        while not (found := re.search(rb"(http://\S+/auth/login\?code=\S+)\r?\n", shown)):
            shown += os.read(terminal, 4096)
        os.close(terminal)

        class Stays(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None
        with self.assertRaises(urllib.error.HTTPError) as answer:
            urllib.request.build_opener(Stays).open(found[1].decode(), timeout=60)
        self.assertEqual(303, answer.exception.code)
        run = self.json("show", "flights@latest")["dag_run_id"]
        self.assertEqual("../dags/flights/runs/" + run, urllib.parse.unquote(answer.exception.headers["Location"]))

    def test_a_state_folder_that_is_held_is_said(self):
        shutil.copytree(ROOT / "dags", self.folder / "dags", ignore=shutil.ignore_patterns(".baton*", "__pycache__"))
        self.begin("server", "--listen", "127.0.0.1:0", "--dags", "nothing")
        self.until_file(".baton/server.json")
        done = subprocess.run(["dags/demo.sh", os.path.realpath(BATON)], cwd=self.folder, env=self.environment(),
                              text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        self.assertEqual(5, done.returncode, done.stdout + done.stderr)
        self.assertIn("in use", done.stderr)


if __name__ == "__main__":
    unittest.main()
