"""DAGs, runs, task instances and what is kept beside, over canned rows: every answer has the fields that its description
requires and no others; changes are answered with the object as it is then; events follow them."""

import http.client
import json
import re
import unittest

from test_access import ApiTest

RUN = "/api/v2/dags/hello/dagRuns/scheduled__2026-01-01T00:00:00%2B00:00"
READS = ("/api/v2/dags", "/api/v2/dags/hello", "/api/v2/dagStats", "/api/v2/dagTags", "/api/v2/dags/hello/dagVersions",
         "/api/v2/dagSources/hello", "/api/v2/dags/hello/dagRuns", "/api/v2/dags/~/dagRuns", RUN, f"{RUN}/taskInstances",
         "/api/v2/dags/~/dagRuns/~/taskInstances", f"{RUN}/taskInstances/greet", f"{RUN}/taskInstances/greet/tries",
         f"{RUN}/taskInstances/greet/tries/1", f"{RUN}/taskInstances/greet/logs/1", f"{RUN}/taskInstances/greet/listMapped",
         "/api/v2/dags/hello/grid?limit=5", "/api/v2/dags/hello/calendar",
         "/api/v2/dags/hello/intervals?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
         "/api/v2/dags/hello/intervals/matrix?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", "/api/v2/dags/hello/graph", f"{RUN}/graph", f"{RUN}/explain",
         f"{RUN}/taskInstances/greet/dependencies", "/api/v2/dags/hello/diff?run=manual__1&other=manual__3",
         "/api/v2/eventLogs", "/api/v2/importErrors", "/api/v2/pools", "/api/v2/pools/warehouse", "/api/v2/variables",
         "/api/v2/home", "/api/v2/workers", "/api/v2/jobs", "/api/v2/dags/hello/details", f"{RUN}/taskInstances/greet/xcomEntries",
         "/api/v2/dagWarnings", "/api/v2/tokens", f"{RUN}/taskInstances/greet/links", "/api/v2/dags/hello/dagVersions/1")


class Schemas:
    """As much of JSON Schema as the description uses."""

    def __init__(self, document):
        self.document = document

    def resolve(self, schema):
        while "$ref" in schema:
            at = self.document
            for key in schema["$ref"][2:].split("/"):
                at = at[key]
            schema = at
        return schema

    def faults(self, schema, value, where=""):
        schema = self.resolve(schema)
        if "anyOf" in schema:
            tried = [self.faults(one, value, where) for one in schema["anyOf"]]
            return [] if [] in tried else tried[0]
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        python = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict, "null": type(None)}
        if kinds and not any(isinstance(value, python[k]) and not (k in ("integer", "number") and value is True) for k in kinds):
            return [f"{where}: {value!r} is no {kinds}"]
        found = []
        if "enum" in schema and value not in schema["enum"]:
            found.append(f"{where}: {value!r} is none of {schema['enum']}")
        if isinstance(value, dict):
            properties = schema.get("properties", {})
            found += [f"{where}: lacks {name}" for name in schema.get("required", []) if name not in value]
            for name, member in value.items():
                if name in properties:
                    found += self.faults(properties[name], member, f"{where}.{name}")
                elif schema.get("additionalProperties") is False:
                    found.append(f"{where}: {name} is not described")
        if isinstance(value, list) and "items" in schema:
            for n, item in enumerate(value):
                found += self.faults(schema["items"], item, f"{where}[{n}]")
        return found


class Resources(ApiTest):
    def get(self, path, **headers):
        return self.ask("GET", path, **self.admin(), **headers)

    def post(self, path, body=None, method="POST"):
        return self.ask(method, path, json.dumps(body) if body is not None else None, **self.admin())

    def schema_of(self, method, path, status, document):
        plain = path.split("?")[0]
        best = None
        for template, methods in document["paths"].items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", template).replace("dagRuns/[^/]+:", "dagRuns/.+:")
            exact = template.count("{")
            if re.fullmatch(pattern, plain) and method.lower() in methods and (best is None or exact < best[0]):
                best = (exact, methods[method.lower()])
        content = best[1]["responses"][str(status)]
        return content["content"]["application/json"]["schema"] if "content" in content else content

    def check(self, method, path, response):
        document = self.description()
        schema = self.schema_of(method, path, response.status, document)
        self.assertEqual(Schemas(document).faults(schema, response.body), [], path)

    def test_every_answer_has_the_fields_of_its_description(self):
        self.post("/api/v2/dags/hello/dagRuns", {"logical_date": None})
        for path in READS:
            response = self.get(path)
            self.assertEqual(response.status, 200, (path, response.body))
            self.check("GET", path, response)

    def test_what_is_not_there_is_404(self):
        for path in ("/api/v2/dags/nope", "/api/v2/dags/nope/dagRuns", "/api/v2/dags/hello/dagRuns/nope", f"{RUN}/taskInstances/nope",
                     f"{RUN}/taskInstances/greet/3", f"{RUN}/taskInstances/greet/tries/9", f"{RUN}/taskInstances/greet/logs/9",
                     "/api/v2/pools/nope", "/api/v2/dags/nope/grid", "/api/v2/dags/nope/graph", f"{RUN}x/graph", f"{RUN}x/explain",
                     "/api/v2/dags/hello/grid?before=nope", "/api/v2/dags/hello/diff?run=nope&other=nope", f"{RUN}/taskInstances/nope/dependencies",
                     "/api/v2/dagSources/nope", "/api/v2/dags/nope/dagVersions"):
            response = self.get(path)
            self.assertEqual(response.status, 404, path)
            self.assertIsInstance(response.body["detail"], str)

    def test_the_grid_goes_on_before_a_run(self):
        grid = self.get("/api/v2/dags/hello/grid?limit=1").body
        self.assertEqual([task["task_id"] for task in grid["tasks"]], ["greet", "leave"])
        self.assertEqual([(run["dag_run_id"], run["cells"]) for run in grid["runs"]], [("manual__1", ["success", None])])
        self.assertEqual(grid["total_entries"], 2)
        earlier = self.get("/api/v2/dags/hello/grid?before=manual__1").body
        self.assertEqual([run["run_type"] for run in earlier["runs"]], ["scheduled"])
        self.assertEqual(self.get("/api/v2/dags/hello/grid?limit=0").status, 422)

    def test_the_graph_has_a_place_for_each_task_and_the_states_of_a_run(self):
        graph = self.get("/api/v2/dags/hello/graph").body
        greet, leave = graph["nodes"]
        self.assertLess(greet["x"] + greet["width"], leave["x"])
        self.assertEqual([(edge["from"], edge["to"]) for edge in graph["edges"]], [("greet", "leave")])
        self.assertNotIn("state", greet)
        self.assertEqual([node["state"] for node in self.get(f"{RUN}/graph").body["nodes"]], ["success", "success"])

    def test_explain_dependencies_and_diff(self):
        explained = self.get(f"{RUN}/explain").body
        self.assertEqual((explained["seconds"], explained["eta"], len(explained["instances"])), (1.5, None, 2))
        known = self.get(f"{RUN}/taskInstances/greet/dependencies").body
        self.assertEqual((known["dependencies"], known["reasons"][0]["kind"]), ([], "success"))
        changes = self.get("/api/v2/dags/hello/diff?run=manual__1&other=manual__1").body["changes"]
        self.assertEqual(changes, [])
        self.assertEqual(self.get("/api/v2/dags/hello/diff?run=manual__1").status, 422)

    def test_lists_have_pages_and_orders(self):
        page = self.get("/api/v2/dags/hello/dagRuns?limit=1&offset=1").body
        self.assertEqual((page["total_entries"], [r["dag_run_id"] for r in page["dag_runs"]]), (2, ["manual__1"]))
        self.assertEqual(self.get("/api/v2/dags/hello/dagRuns?state=failed").body["total_entries"], 1)
        self.assertEqual(self.get("/api/v2/dags/hello/dagRuns?order_by=-start_date&order_by=id").status, 200)
        self.assertEqual(self.get("/api/v2/dags/hello/dagRuns?order_by=nonsense").status, 400)
        for query in ("limit=-1", "limit=", "state=bad", "start_date_gte=yesterday", "nonsense=1"):
            self.assertEqual(self.get(f"/api/v2/dags/hello/dagRuns?{query}").status, 422, query)

    def test_a_list_that_has_not_changed_is_not_sent_again(self):
        first = self.get("/api/v2/dags/hello/dagRuns")
        self.assertEqual(self.get("/api/v2/dags/hello/dagRuns", If_None_Match=first.headers["etag"]).status, 304)
        self.assertNotEqual(self.get("/api/v2/dags/hello/dagRuns?limit=1").headers["etag"], first.headers["etag"])
        self.post("/api/v2/dags/hello/dagRuns", {"logical_date": None})
        self.assertEqual(self.get("/api/v2/dags/hello/dagRuns", If_None_Match=first.headers["etag"]).status, 200)

    def test_trigger_cancel_retry(self):
        made = self.post("/api/v2/dags/hello/dagRuns", {"dag_run_id": "mine", "logical_date": "2026-02-01T00:00:00Z", "conf": {"n": 1.10}})
        self.assertEqual((made.status, made.body["dag_run_id"], made.body["state"]), (200, "mine", "queued"))
        self.assertEqual((made.body["conf"], made.body["logical_date"]), ({"n": 1.1}, "2026-02-01T00:00:00Z"))
        self.check("POST", "/api/v2/dags/hello/dagRuns", made)
        self.assertEqual(self.post("/api/v2/dags/hello/dagRuns", {"dag_run_id": "mine"}).status, 409)
        self.assertEqual(self.post("/api/v2/dags/nope/dagRuns", {}).status, 404)
        unknown = self.post("/api/v2/dags/hello/dagRuns", {"config": {}})
        self.assertEqual((unknown.status, unknown.body["detail"][0]["loc"]), (422, ["body", "config"]))
        self.assertEqual(self.post("/api/v2/dags/hello/dagRuns/mine:cancel").body["state"], "failed")
        self.assertEqual(self.post(f"{RUN}:retry").body["state"], "running")
        self.assertEqual(self.get("/api/v2/eventLogs").body["event_logs"][0]["owner"], "admin")

    def test_pause(self):
        paused = self.post("/api/v2/dags/hello?update_mask=is_paused", {"is_paused": True}, "PATCH")
        self.assertEqual((paused.status, paused.body["is_paused"]), (200, True))
        self.assertEqual(self.post("/api/v2/dags/hello", {"is_paused": "yes"}, "PATCH").status, 422)
        self.assertEqual(self.post("/api/v2/dags/nope", {"is_paused": True}, "PATCH").status, 404)

    def test_statistics_and_sources(self):
        self.assertEqual(self.get("/api/v2/dagStats?dag_ids=").status, 200)
        self.assertEqual(self.get("/api/v2/dagStats?dag_ids=nope").body, {"dags": [], "total_entries": 0})
        self.assertEqual(self.get("/api/v2/dagSources/hello", Accept="text/plain").body, b"dag: hello\n")
        self.assertEqual(self.get("/api/v2/dagSources/hello?version_number=7").status, 404)

    def test_events_follow_changes_and_resume(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/v2/events", headers={**self.admin()})
        stream = connection.getresponse()
        self.assertEqual(stream.headers["content-type"], "text/event-stream")
        self.post("/api/v2/dags/hello/dagRuns", {"dag_run_id": "seen"})
        event = self.next_event(stream)
        self.assertEqual((event["event"], json.loads(event["data"])["dag_run_id"]), ("run", "seen"))
        resumed = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self.addCleanup(resumed.close)
        resumed.request("GET", "/api/v2/events", headers={**self.admin(), "Last-Event-ID": str(int(event["id"]) - 1)})
        self.assertEqual(self.next_event(resumed.getresponse()), event)
        self.assertEqual(self.get("/api/v2/events", Last_Event_ID="x").status, 400)

    def next_event(self, stream):
        event = {}
        while True:
            line = stream.readline().decode().rstrip("\n")
            if line.startswith(("id: ", "event: ", "data: ")):
                name, _, value = line.partition(": ")
                event[name] = value
            elif not line and "data" in event:
                return event


if __name__ == "__main__":
    unittest.main()
