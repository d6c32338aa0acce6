"""Dead letters: what gives up is kept with what it was given, tried again once or let go, one by one and by the thousand,
over kills of the server too; who ends well in another way is no letter any more."""
import json
import signal
import subprocess
import unittest

from serving import ServingTest
from support import BATON

BROKEN = """dag: broken
params: {day: {type: string, default: monday}}
tasks:
  load: {run: 'echo looking; [ -e mended ] || exit 75', retries: 1}
  after: {needs: load, run: 'echo done >> after'}
  quiet: {run: '[ -e mended ]', dead_letter: false}
"""
WIDE = """dag: wide
tasks:
  part:
    for_each: {items: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]}
    run: '[ -e mended ] || exit 1; echo ${{ item }} >> ran'
"""


class DeadLetterTest(ServingTest):
    def letters(self, query="", code=200):
        status, found = self.ask("GET", "/api/v2/deadLetters?limit=100&order_by=id" + query)
        self.assertEqual(code, status, found)
        return found["dead_letters"]

    def letter(self, number):
        return self.ask("GET", f"/api/v2/deadLetters/{number}")[1]

    def job(self, number):
        return self.ask("GET", f"/api/v2/bulkJobs/{number}")[1]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)
        (self.folder / ".baton" / "server.json").unlink(missing_ok=True)

    def mend(self):
        (self.folder / "dags" / "mended").touch()

    def run_state(self, dag_id, run_id):
        return self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")[1].get("state")

    def events(self, name):
        log = self.ask("GET", "/api/v2/eventLogs?limit=100")[1]["event_logs"]
        return [entry for entry in log if entry["event"] == name]


class OneLetter(DeadLetterTest):
    def test_what_gave_up_is_kept_and_tried_again_with_what_follows_from_it(self):
        self.save("broken.yaml", BROKEN)
        self.serve()
        self.until_dag("broken")
        self.baton("trigger", "broken", "--run-id", "r", "-p", "day=friday", "--wait", code=1)
        letters = self.letters()
        self.assertEqual(["load"], [one["task_id"] for one in letters])
        letter = self.letter(letters[0]["id"])
        self.assertEqual(("open", 2, "exit_code", 75, 1, {"day": "friday"}),
                         tuple(letter[name] for name in ("state", "try_number", "reason", "exit_code",
                                                         "dag_version_number", "conf")))
        self.assertIn("looking", letter["log_tail"])
        self.assertIn("baton_dead_letters_open 1\n", self.ask("GET", "/metrics")[1])
        self.assertEqual(1, self.ask("GET", "/api/v2/home")[1]["counts"]["dead_letters"])
        shown = self.baton("dlq", "show", str(letter["id"])).stdout
        self.assertIn("broken/r load, try 2, version 1", shown)
        self.assertIn('{"day":"friday"}', shown)
        self.assertIn("broken/r", self.baton("dlq", "ls", "--dag", "broken", "--reason", "exit_code").stdout)
        self.assertEqual(0, self.json("dlq", "ls", "--since", "2099-01-01")["total_entries"])
        self.mend()
        path = f"/api/v2/deadLetters/{letter['id']}"
        answers = [self.ask("POST", path + ":redrive", {"note": "it is back"}, Idempotency_Key="k") for _ in range(2)]
        self.assertEqual([(200, "redriven")] * 2, [(status, one["state"]) for status, one in answers])
        self.until(lambda: self.run_state("broken", "r") in ("success", "failed"), "its end")
        states = self.states("broken/r")
        self.assertEqual(("success", "success", "failed"), (states["load"], states["after"], states["quiet"]))
        self.assertEqual(409, self.ask("POST", path + ":redrive", {})[0])
        self.assertEqual(409, self.ask("POST", path + ":discard", {})[0])
        self.assertEqual(404, self.ask("POST", "/api/v2/deadLetters/99:redrive", {})[0])
        self.assertEqual(1, len(self.events("redrive_dead_letters")))
        self.assertIn("it is back", self.events("redrive_dead_letters")[0]["extra"])
        self.assertEqual([], self.letters())

    def test_one_that_ends_well_in_another_way_is_resolved_and_one_that_fails_again_superseded(self):
        self.save("broken.yaml", BROKEN)
        self.serve()
        self.until_dag("broken")
        self.baton("trigger", "broken", "--run-id", "r", "--wait", code=1)
        first = self.letters()[0]["id"]
        self.baton("retry", "broken/r")
        self.until(lambda: self.letter(first)["state"] != "open", "the second failure")
        second = self.letters()[0]["id"]
        self.assertGreater(second, first)
        self.assertEqual("superseded", self.letter(first)["state"])
        self.mend()
        self.baton("retry", "broken/r")
        self.until(lambda: self.letter(second)["state"] == "resolved", "the success")
        self.until(lambda: self.run_state("broken", "r") in ("success", "failed"), "its end")
        (self.folder / "dags" / "mended").unlink()
        self.baton("trigger", "broken", "--run-id", "s", "--wait", code=1)
        third = self.letters()[0]["id"]
        self.baton("mark", "broken/s", "success", "load")
        self.until(lambda: self.letter(third)["state"] == "resolved", "the mark")

    def test_a_person_who_stops_leaves_none_and_a_letter_keeps_its_run(self):
        self.write("slow.yaml", "dag: slow\ntasks: {wait: {run: 'touch begun; sleep 60'}}\n")
        self.write("broken.yaml", BROKEN)
        run = self.begin("run", "slow.yaml", "-q")
        self.until_file("begun")
        run.send_signal(signal.SIGINT)
        run.wait(60)
        self.baton("run", "broken.yaml", "-q", code=1)
        listed = self.json("dlq", "ls")["dead_letters"]
        self.assertEqual(["load"], [one["task_id"] for one in listed])
        self.baton("db", "prune", "--older-than", "1ms")
        self.assertEqual(1, self.json("dlq", "ls")["total_entries"])
        self.assertEqual("broken", self.json("show", "@latest")["dag_id"])

    def test_the_newest_version_takes_it_over_where_that_is_wanted(self):
        self.save("broken.yaml", BROKEN)
        self.serve()
        self.until_dag("broken")
        self.baton("trigger", "broken", "--run-id", "r", "--wait", code=1)
        number = str(self.letters()[0]["id"])
        self.save("broken.yaml", BROKEN.replace("[ -e mended ] || exit 75", "true"))
        self.until(lambda: len(self.ask("GET", "/api/v2/dags/broken/dagVersions")[1]["dag_versions"]) == 2, "the edit")
        self.baton("dlq", "redrive", number, "--latest")
        self.until(lambda: self.states("broken/r")["after"] == "success", "what follows")


class ManyLetters(DeadLetterTest):
    def begin_wide(self):
        self.save("wide.yaml", WIDE)
        self.serve()
        self.until_dag("wide")
        self.baton("trigger", "wide", "--run-id", "w", "--wait", code=1)
        self.assertEqual(20, len(self.letters()))

    def ran(self):
        path = self.folder / "dags" / "ran"
        return sorted(int(line) for line in path.read_text().split()) if path.exists() else []

    def test_a_job_redrives_each_once_though_the_server_is_killed(self):
        self.begin_wide()
        self.mend()
        dry = self.ask("POST", "/api/v2/deadLetters:redrive", {"dag_ids": ["wide"], "dry_run": True})
        self.assertEqual((200, 20, 20), (dry[0], dry[1]["total_entries"], len(dry[1]["dead_letters"])))
        self.assertEqual(20, len(self.letters()))
        status, job = self.ask("POST", "/api/v2/deadLetters:redrive", {"dag_ids": ["wide"], "rate": "8/s", "note": "again"})
        self.assertEqual((202, 20, "running"), (status, job["total"], job["state"]))
        for wanted in (3, 9):
            self.until(lambda: len(self.letters("&state=redriven")) >= wanted, f"{wanted} letters")
            self.kill()
            self.serve()
        self.until(lambda: self.job(job["id"])["state"] == "completed", "the job")
        done = self.job(job["id"])
        self.assertEqual((20, 0), (done["done"], done["failed"]))
        self.until(lambda: self.run_state("wide", "w") == "success", "the run")
        self.assertEqual(list(range(20)), self.ran())
        closed = self.letters("&state=redriven")
        self.assertEqual({(job["id"], job["created_by"])},
                         {(one["job_id"], one["closed_by"]) for one in closed})
        tries = [i["try_number"] for i in self.json("show", "wide/w")["task_instances"]]
        self.assertEqual({2}, set(tries))

    def test_a_job_is_cancelled_and_others_discarded(self):
        self.begin_wide()
        status, job = self.ask("POST", "/api/v2/deadLetters:redrive", {"rate": "1/h"})
        self.assertEqual(202, status)
        self.until(lambda: len(self.letters()) == 20 and len(self.letters("&state=redriven")) +
                   len(self.letters("&state=superseded")) >= 1, "the first")
        cancelled = self.json("dlq", "cancel", str(job["id"]))
        self.assertEqual("cancelled", cancelled["state"])
        self.assertEqual(409, self.ask("POST", f"/api/v2/bulkJobs/{job['id']}:cancel")[0])
        self.until(lambda: self.run_state("wide", "w") == "failed", "the run")
        some = [str(one["id"]) for one in self.letters()[:3]]
        self.baton("dlq", "discard", *some, "--why", "known", "--wait")
        self.assertEqual(17, len(self.letters()))
        self.baton("dlq", "discard", "--wait", code=2)
        self.baton("dlq", "discard", "--task", "part", "--wait")
        self.assertEqual([], self.letters())
        self.assertEqual(422, self.ask("POST", "/api/v2/deadLetters:redrive", {"rate": "soon"})[0])
        self.assertEqual(422, self.ask("POST", "/api/v2/deadLetters:redrive", {"dag": ["x"]})[0])
        viewer = subprocess.run([BATON, "dlq", "jobs", "-o", "json"], cwd=self.folder, env=self.environment(),
                                capture_output=True, text=True)
        self.assertEqual(3, len(json.loads(viewer.stdout)["bulk_jobs"]))


if __name__ == "__main__":
    unittest.main()
