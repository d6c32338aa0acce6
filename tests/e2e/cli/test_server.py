"""`baton server`: it adopts what others have left, and its tasks outlive it."""
import json
import os
import signal
import unittest

from faults import FaultTest, lives
from serving import ServingTest

LONG = """\
dag: long
tasks:
  first: {run: 'echo $$ >> pid; touch began; until [ -e go ]; do sleep 0.02; done'}
  then: {needs: first, run: echo x >> done}
"""


class Server(FaultTest):
    def serve(self, *words):
        process = self.begin("server", *words)
        self.addCleanup(self.end_server, process)
        self.until(lambda: (self.folder / ".baton" / "server.json").exists(), "the server is there")
        self.assertEqual(process.pid, self.info()["pid"])
        return process

    def end_server(self, process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    is_ours = b"baton-worker" in file.read() and os.readlink(f"/proc/{name}/cwd") == str(self.folder)
            except OSError:
                continue
            if is_ours:
                os.kill(int(name), signal.SIGKILL)

    def info(self):
        return json.loads((self.folder / ".baton" / "server.json").read_text())

    def interrupted_run(self):
        """One whose scheduler was killed while its first task ran; what it ran has ended with it."""
        self.write("d.yaml", LONG)
        process = self.begin("run", "d.yaml", "-q")
        self.until_file("began")
        worker = self.worker_of(process)
        self.kill(process)
        self.until_gone(worker)
        self.forget("began", "pid")

    def ends(self, process, code=0):
        out, err = process.communicate(timeout=30)
        self.assertEqual(code, process.returncode, out + err)
        self.assertFalse((self.folder / ".baton" / "server.json").exists())
        return out, err

    def test_it_goes_on_with_what_was_left_and_ends_on_sigterm(self):
        self.interrupted_run()
        self.touch("go")
        server = self.serve()
        self.until_file("done")
        self.until(lambda: self.json("show", "@latest")["state"] == "success", "the run ends")
        server.send_signal(signal.SIGTERM)
        out, _ = self.ends(server)
        self.assertIn(str(self.folder / ".baton"), out)

    def test_its_tasks_outlive_it_and_the_next_one_adopts_them(self):
        for how in (signal.SIGKILL, signal.SIGTERM):
            with self.subTest(how):
                self.forget("go", "done", "began", "pid")
                self.interrupted_run()
                server = self.serve()
                self.until_file("began")
                task = int(self.lines("pid")[0])
                server.send_signal(how)
                server.wait(30)
                self.assertTrue(lives(task))
                self.forget(".baton/server.json")
                following = self.serve()
                self.touch("go")
                self.until_file("done")
                self.until(lambda: self.json("show", "@latest")["state"] == "success", "the run ends")
                self.assertEqual([str(task)], self.lines("pid"), "one start")
                following.send_signal(signal.SIGTERM)
                self.ends(following)

    def test_drain_waits_for_what_runs(self):
        self.interrupted_run()
        server = self.serve("--drain")
        self.until_file("began")
        server.send_signal(signal.SIGTERM)
        self.touch("go")
        self.ends(server)
        self.assertEqual("running", self.json("show", "@latest")["state"], "nothing new was begun")
        self.assertEqual([], self.lines("done"))

    def test_ctrl_c_leaves_the_tasks_and_says_so_and_a_second_one_stops_them(self):
        self.interrupted_run()
        server = self.serve()
        self.until_file("began")
        task = int(self.lines("pid")[0])
        server.send_signal(signal.SIGINT)
        while "goes on without the server" not in (said := server.stderr.readline()):
            self.assertNotEqual("", said, "it never said that the task stays")
        self.assertTrue(lives(task))
        server.send_signal(signal.SIGINT)
        self.ends(server)
        self.until_gone(task)
        run = self.json("show", "@latest")
        self.assertEqual(("failed", "stopped"), (run["state"], run["state_reason"]))

    def test_a_second_one_names_the_holder(self):
        server = self.serve()
        refused = self.baton("server", code=5).stderr
        self.assertIn(str(server.pid), refused)
        self.assertIn("server", refused)
        self.write("d.yaml", LONG)
        self.assertIn(str(server.pid), self.baton("run", "d.yaml", code=5).stderr)
        server.send_signal(signal.SIGTERM)
        self.ends(server)

    def test_a_run_is_stopped_through_it(self):
        self.interrupted_run()
        server = self.serve()
        self.until_file("began")
        self.baton("stop", "@latest", "--why", "not needed")
        self.until(lambda: self.json("show", "@latest")["state"] == "failed", "the run ends")
        found = self.rows("SELECT action, extra FROM audit WHERE action = 'stop'")
        self.assertEqual(1, len(found))
        self.assertIn("not needed", found[0][1])
        self.assertEqual(5, self.baton("stop", "@latest", code=5).returncode)
        server.send_signal(signal.SIGTERM)
        self.ends(server)


class Begins(ServingTest):
    def test_a_dag_whose_file_is_not_read_yet_is_waited_for(self):
        for k in range(400):
            tasks = "".join(f"  t{i}: {{run: 'echo {i}'}}\n" for i in range(30))
            self.save(f"d{k}.yaml", f"dag: d{k}\ntasks:\n{tasks}")
        self.save("zzz.yaml", "dag: zzz\ntasks: {a: {run: 'true'}}\n")
        self.serve()
        self.baton("trigger", "zzz", "--wait")
        self.baton("trigger", "nobody", code=3)
        self.process.kill()
        self.process.wait()
        (self.folder / ".baton" / "server.json").unlink()
        self.serve()
        status, _ = self.ask("POST", "/api/v2/dags/zzz/dagRuns", {"logical_date": None})
        self.assertEqual(200, status, "a warm start knows what the store knows")

    def runs_or_none(self, dag_id):
        return self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns")[1].get("dag_runs")

    def test_until_its_files_are_read_a_dag_may_come(self):
        for k in range(400):
            tasks = "".join(f"  t{i}: {{run: 'echo {i}'}}\n" for i in range(30))
            self.save(f"d{k}.yaml", f"dag: d{k}\ntasks:\n{tasks}")
        self.save("zzz.yaml", "dag: zzz\ntasks: {a: {run: 'true'}}\n")
        self.serve()
        seen = set()
        while not self.runs_or_none("zzz"):
            seen.add(self.ask("GET", "/api/v2/dags/zzz")[0])
            seen.add(self.ask("POST", "/api/v2/dags/zzz/dagRuns", {"logical_date": None})[0])
            self.assertLessEqual(seen, {200, 503})
        self.until(lambda: self.ask("GET", "/readyz")[0] == 200, "ready")
        self.until(lambda: self.ask("GET", "/api/v2/dags/nobody")[0] == 404, "what is not there")


if __name__ == "__main__":
    unittest.main()
