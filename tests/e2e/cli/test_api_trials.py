"""What the API lets people try before it is so, and listen to: the text of a file, one DAG's future, some topics alone."""
import http.client
import json
import unittest

from serving import ServingTest

DAG = "dag: nightly\nschedule: '@daily'\ntasks:\n  t: {run: 'true', expect: 10m}\n"


class Trials(ServingTest):
    def begin_server(self):
        self.save("nightly.yaml", DAG)
        self.serve()
        self.until_dag("nightly")

    def listen(self, topics):
        link = http.client.HTTPConnection("127.0.0.1", int(self.url.rsplit(":", 1)[1]), timeout=60)
        self.addCleanup(link.close)
        link.request("GET", "/api/v2/events" + topics, headers={"Authorization": "Bearer " + self.token})
        answer = link.getresponse()
        self.assertEqual(200, answer.status)
        return answer

    def kinds_until(self, stream, last):
        kinds = []
        while True:
            line = stream.readline().decode()
            self.assertTrue(line, "the stream ended")
            if line.startswith("event: "):
                kinds.append(line[7:].strip())
                if kinds[-1] == last:
                    return kinds

    def test_a_text_is_checked_before_it_is_a_file(self):
        self.begin_server()
        status, said = self.ask("POST", "/api/v2/dags:validate", {"source": DAG, "file": "new.yaml"})
        self.assertEqual((200, True, [{"dag_id": "nightly", "tasks": 1}], []),
                         (status, said["is_valid"], said["dags"], said["diagnostics"]))
        status, said = self.ask("POST", "/api/v2/dags:validate", {"source": "dag: x\ntasks:\n  t: {rum: 'true'}\n"})
        self.assertEqual((200, False, []), (status, said["is_valid"], said["dags"]))
        found = said["diagnostics"][0]
        self.assertEqual(("dag.yaml", 3, 3, "error"), (found["file"], found["line"], found["column"], found["severity"]))
        self.assertEqual(422, self.ask("POST", "/api/v2/dags:validate", {"source": 1})[0])
        self.assertEqual(422, self.ask("POST", "/api/v2/dags:validate", {})[0])
        large = "dag: x\ntasks:\n  t: {noop: true}\n#" + "y" * (2 << 20)  # above the bound of other bodies
        self.assertTrue(self.ask("POST", "/api/v2/dags:validate", {"source": large})[1]["is_valid"])
        self.assertEqual(["nightly"], [d["dag_id"] for d in self.ask("GET", "/api/v2/dags")[1]["dags"]])

    def test_no_file_is_read_for_the_name_of_a_text(self):
        self.begin_server()
        said = self.ask("POST", "/api/v2/dags:validate", {"source": "", "file": str(self.folder / "dags/nightly.yaml")})[1]
        self.assertEqual([], said["dags"])

    def test_one_dag_is_simulated_by_its_path(self):
        self.begin_server()
        span = {"from": "2027-03-01T00:00:00Z", "to": "2027-03-04T00:00:00Z"}
        status, said = self.ask("POST", "/api/v2/dags/nightly:simulate", span)
        self.assertEqual(200, status, said)
        same = self.ask("POST", "/api/v2/simulate", {**span, "dag_ids": ["nightly"]})[1]
        self.assertEqual(len(same["runs"]), len(said["runs"]))
        self.assertEqual(3, len(said["runs"]))
        self.assertEqual(404, self.ask("POST", "/api/v2/dags/nobody:simulate", span)[0])

    def test_who_listens_to_some_topics_hears_no_others(self):
        self.begin_server()
        some, all_of_it = self.listen("?topics=pool,run"), self.listen("")
        self.ask("POST", "/api/v2/dags/nightly/dagRuns", {"logical_date": None})
        self.until(lambda: self.runs("nightly")[0]["state"] == "success", "the run's end")
        self.ask("POST", "/api/v2/pools", {"name": "last", "slots": 1})
        heard = set(self.kinds_until(some, "pool"))
        self.assertEqual({"run", "pool"}, heard)
        self.assertIn("task_instance", self.kinds_until(all_of_it, "pool"))
        self.assertEqual(422, self.ask("GET", "/api/v2/events?topics=nonsense")[0])

    def test_a_grid_is_asked_for_by_its_runs(self):
        self.begin_server()
        for _ in range(3):
            self.ask("POST", "/api/v2/dags/nightly/dagRuns", {"logical_date": None})
        for query in ("runs=2", "limit=2"):
            self.assertEqual(2, len(self.ask("GET", "/api/v2/dags/nightly/grid?" + query)[1]["runs"]))
        self.assertEqual(422, self.ask("GET", "/api/v2/dags/nightly/grid?runs=0")[0])

    def test_the_schema_of_files_and_the_way_to_the_page_are_for_anyone(self):
        self.begin_server()
        link = http.client.HTTPConnection("127.0.0.1", int(self.url.rsplit(":", 1)[1]), timeout=60)
        self.addCleanup(link.close)
        link.request("GET", "/schema/dag.v1.json")
        answer = link.getresponse()
        schema = json.loads(answer.read())
        self.assertEqual((200, "application/schema+json"), (answer.status, answer.headers["Content-Type"]))
        self.assertEqual(json.loads(self.baton("schema").stdout), schema)
        link.request("GET", "/api/v2/auth/login?next=%2Fdags")
        answer = link.getresponse()
        answer.read()
        self.assertEqual((307, "../../../"), (answer.status, answer.headers["Location"]))

    def test_partitions_and_aliases_are_said_to_be_none(self):
        self.begin_server()
        path = "/api/v2/dags/nightly/clearPartitions"
        self.assertEqual((200, {"dag_runs_cleared": 0, "task_instances_cleared": 0, "dry_run": True}),
                         self.ask("POST", path, {"partition_key": "2026-01-01"}))
        self.assertEqual(422, self.ask("POST", path, {})[0])
        self.assertEqual(422, self.ask("POST", path, {"partition_key": "a", "run_id": "b"})[0])
        self.assertEqual(422, self.ask("POST", path, {"run_id": "b", "clear_task_instances": True})[0], "it would not be done")
        self.assertEqual(404, self.ask("POST", "/api/v2/dags/nobody/clearPartitions", {"run_id": "b"})[0])
        self.assertEqual(404, self.ask("GET", "/api/v2/assets/aliases/1")[0])


if __name__ == "__main__":
    unittest.main()
