"""What the API answers where clients lean on it: places in lists and streams, times, refusals, and what is refused."""
import http.client
import json
import time
import unittest
import urllib.parse
import urllib.request

from serving import ServingTest

DAG = "dag: d\ntags: [one, two]\ntasks:\n  t: {run: 'echo t'}\n"


class Answers(ServingTest):
    def setUp(self):
        super().setUp()
        self.save("d.yaml", DAG)
        self.serve()
        self.until_dag("d")

    def trigger(self, run_id, dag="d", code=200, **more):
        status, run = self.ask("POST", f"/api/v2/dags/{dag}/dagRuns", {"dag_run_id": run_id, **more})
        self.assertEqual(code, status, run)
        return run

    def until_state(self, run_id, state, dag="d"):
        path = f"/api/v2/dags/{dag}/dagRuns/{run_id}"
        self.until(lambda: self.ask("GET", path)[1]["state"] == state, f"{run_id} is {state}")
        return self.ask("GET", path)[1]

    def raw(self, path, **headers):
        """The answer itself, for what ask() does not tell."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": "Bearer " + self.token, **headers})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.headers, json.loads(answer.read())

    def stream(self, last):
        """What comes at once of a stream that goes on after `last`."""
        connection = http.client.HTTPConnection(self.url.split("//")[1], timeout=10)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/v2/events", headers={"Authorization": "Bearer " + self.token, "Last-Event-ID": last})
        answer = connection.getresponse()
        lines = []
        while "data:" not in "".join(lines):
            lines.append(answer.readline().decode())
        return "".join(lines)

    # ---- streams ----

    def test_a_stream_that_goes_on_from_another_past_begins_anew(self):
        for last in ("5000", "99999999999999999999"):
            text = self.stream(last)
            self.assertIn("event: reset\n", text, last)
            number = text.split("id: ")[1].split("\n")[0]
            self.assertLess(int(number), 5000)
        connection = http.client.HTTPConnection(self.url.split("//")[1], timeout=10)
        connection.request("GET", "/api/v2/events", headers={"Authorization": "Bearer " + self.token, "Last-Event-ID": "-1"})
        self.assertEqual(400, connection.getresponse().status)
        connection.close()

    # ---- lists ----

    def follow(self, path, key, limit=3):
        """All of a list by its cursors; by the words of the answer and by its Link."""
        joint = "&" if "?" in path else "?"
        seen, cursor, pages = [], "", []
        while cursor is not None:
            headers, page = self.raw(f"{path}{joint}limit={limit}&cursor={urllib.parse.quote(cursor, safe='')}")
            pages.append(self.keys_of(page, key))
            seen += pages[-1]
            cursor = page["next_cursor"]
            self.assertEqual(len(pages) == 1, page["previous_cursor"] is None)
            self.assertEqual(100_000, page["total_entries_limit"])
            self.assertEqual(cursor is None, headers["Link"] is None)
            if cursor is not None:
                target = headers["Link"].split("<")[1].split(">")[0]
                self.assertTrue(headers["Link"].endswith('; rel="next"'))
                self.assertIn("limit=%d" % limit, target)
                self.assertEqual(200, self.ask("GET", target)[0])
        while page["previous_cursor"] is not None:
            pages.pop()
            before = urllib.parse.quote(page["previous_cursor"], safe="")
            page = self.raw(f"{path}{joint}limit={limit}&cursor={before}")[1]
            self.assertEqual(pages[-1], self.keys_of(page, key))
            self.assertIsNotNone(page["next_cursor"])
        self.assertEqual(1, len(pages))
        return seen

    @staticmethod
    def keys_of(page, key):
        return [key(one) for one in next(value for value in page.values() if isinstance(value, list))]

    def test_lists_go_on_by_key(self):
        for k in range(7):
            self.trigger(f"r{k}")
        self.until_state("r6", "success")
        ids = [f"r{k}" for k in range(7)]
        self.assertEqual(ids, self.follow("/api/v2/dags/d/dagRuns", lambda run: run["dag_run_id"]))
        self.assertEqual(ids[::-1], self.follow("/api/v2/dags/~/dagRuns?order_by=-run_id", lambda run: run["dag_run_id"]))
        instances = self.follow("/api/v2/dags/~/dagRuns/~/taskInstances?order_by=id", lambda one: one["dag_run_id"])
        self.assertEqual(ids, sorted(instances))
        logged = self.follow("/api/v2/eventLogs?event=trigger", lambda one: one["run_id"])
        self.assertEqual(ids, sorted(logged))
        self.assertEqual(["d"], self.follow("/api/v2/dags", lambda one: one["dag_id"]))
        headers, page = self.raw("/api/v2/dags/d/dagRuns?limit=3")
        self.assertNotIn("next_cursor", page)
        self.assertIn("cursor=", headers["Link"])
        self.assertEqual(400, self.ask("GET", "/api/v2/dags/d/dagRuns?cursor=nonsense")[0])

    def test_words_of_a_list_count_or_are_refused(self):
        self.trigger("r")
        self.until_state("r", "success")
        for path in ("dagTags", "jobs", "dags/d/dagRuns/r/taskInstances/t/xcomEntries", "plugins", "providers",
                     "assets/aliases", "dags", "assets"):
            self.assertEqual(400, self.ask("GET", f"/api/v2/{path}?order_by=nonsense")[0], path)
        tags = [self.ask("GET", f"/api/v2/dagTags?order_by={order}")[1]["tags"] for order in ("name", "-name")]
        self.assertEqual([["one", "two"], ["two", "one"]], tags)
        for path, name in (("dags", "dags"), ("dags/d/dagRuns", "dag_runs"), ("eventLogs", "event_logs"), ("pools", "pools"),
                           ("jobs", "jobs"), ("assets", "assets"), ("dags/~/dagRuns/~/taskInstances", "task_instances")):
            status, page = self.ask("GET", f"/api/v2/{path}?limit=0")
            self.assertEqual((200, []), (status, page[name]), path)
        self.assertEqual(1, self.ask("GET", "/api/v2/dags/d/dagRuns?limit=0")[1]["total_entries"])
        found = self.ask("GET", "/api/v2/dags?dag_id_pattern=" + urllib.parse.quote("many | d"))[1]
        self.assertEqual(["d"], [dag["dag_id"] for dag in found["dags"]])

    def test_a_time_without_an_offset_is_utc_and_a_date_its_beginning(self):
        for given, told in (("2026-11-01", "2026-11-01T00:00:00Z"), ("2026-11-02T08:30", "2026-11-02T08:30:00Z"),
                            ("2026-11-03T08:30:01", "2026-11-03T08:30:01Z"), ("2026-11-04 08:30:00", "2026-11-04T08:30:00Z"),
                            ("2026-11-05T08:30:00+01:00", "2026-11-05T07:30:00Z")):
            self.assertEqual(told, self.trigger("at-" + told[:10], logical_date=given)["logical_date"], given)
        listed = self.ask("GET", "/api/v2/dags/d/dagRuns?logical_date_gte=2026-11-04")[1]
        self.assertEqual(2, listed["total_entries"])
        for wrong in ("2026-13-01", "tomorrow", "2026-11-01T", "2026-11-01T25:00"):
            self.assertEqual(422, self.ask("GET", f"/api/v2/dags/d/dagRuns?run_after_gte={wrong}")[0], wrong)

    # ---- runs ----

    def test_what_no_run_can_be_is_refused(self):
        for run_id in (".", ".."):
            self.assertIn("..", json.dumps(self.trigger(run_id, code=422)))
            self.assertIn("no . or ..", self.baton("run", "dags/d.yaml", "--run-id", run_id, code=2).stderr)
        self.trigger("x", code=422, data_interval_start="2026-01-02T00:00:00Z", data_interval_end="2026-01-01T00:00:00Z")
        self.trigger("x", code=422, data_interval_start="2026-01-02T00:00:00Z")
        self.trigger("x", code=422, data_interval_end="2026-01-02T00:00:00Z")
        self.trigger("x", data_interval_start="2026-01-02T00:00:00Z", data_interval_end="2026-01-02T00:00:00Z")

    def test_a_run_that_waits_says_why_and_what_tasks_it_will_have(self):
        self.assertEqual(200, self.ask("PATCH", "/api/v2/dags/d", {"is_paused": True})[0])
        run = self.trigger("waits")
        self.assertEqual(("queued", "paused"), (run["state"], run["wait"]))
        path = "/api/v2/dags/d/dagRuns/waits"
        self.assertEqual("paused", self.ask("GET", path)[1]["wait"])
        self.assertIn("it waits: its DAG is paused", self.baton("trigger", "d").stderr)
        page = self.ask("GET", path + "/taskInstances")[1]
        self.assertEqual((1, ["t"]), (page["total_entries"], [one["task_id"] for one in page["task_instances"]]))
        one = self.ask("GET", path + "/taskInstances/t")[1]
        self.assertEqual((None, 0, page["task_instances"][0]["id"]), (one["state"], one["try_number"], one["id"]))
        self.assertEqual(404, self.ask("GET", path + "/taskInstances/nobody")[0])
        self.assertEqual(0, self.ask("GET", path + "/taskInstances?state=failed")[1]["total_entries"])
        self.assertEqual(0, self.ask("GET", "/api/v2/dags/~/dagRuns/~/taskInstances")[1]["total_entries"])
        self.assertEqual(409, self.ask("PATCH", path + "/taskInstances/t", {"new_state": "success"})[0])
        self.baton("mark", "waits", "success", "t", code=5)
        self.ask("PATCH", "/api/v2/dags/d", {"is_paused": False})
        self.until_state("waits", "success")
        self.assertEqual(one["id"], self.ask("GET", path + "/taskInstances/t")[1]["id"])

    def test_a_failed_task_is_the_reason_of_its_run(self):
        self.save("bad.yaml", "dag: bad\ntasks:\n  t: {run: exit 1}\n")
        self.until_dag("bad")
        self.trigger("b", dag="bad")
        self.assertEqual("task_failed", self.until_state("b", "failed", dag="bad")["state_reason"])
        self.assertEqual("task_failed", self.json("show", "b")["state_reason"])

    def test_a_mask_names_what_may_be_changed(self):
        for mask in ("bogus", "note"):
            self.assertEqual(422, self.ask("PATCH", f"/api/v2/dags/d?update_mask={mask}", {"is_paused": True})[0])
        self.assertEqual(422, self.ask("PATCH", "/api/v2/dags/d?update_mask=draining", {"is_paused": True})[0])
        self.assertFalse(self.dag("d")[1]["is_paused"])
        self.assertEqual(200, self.ask("PATCH", "/api/v2/dags/d?update_mask=is_paused", {"is_paused": True})[0])
        self.assertTrue(self.dag("d")[1]["is_paused"])

    def test_a_log_is_whole_where_that_is_asked_for(self):
        self.save("long.yaml", "dag: long\ntasks:\n  t: {run: 'seq -f \"line %08.0f\" 100000'}\n")
        self.until_dag("long")
        self.trigger("r", dag="long")
        self.until_state("r", "success", dag="long")
        path = "/api/v2/dags/long/dagRuns/r/taskInstances/t/logs/1"
        part = self.ask("GET", path)[1]
        self.assertIsNotNone(part["continuation_token"])
        whole = self.ask("GET", path + "?full_content=true")[1]
        self.assertEqual((100_000, None), (len(whole["content"]), whole["continuation_token"]))
        self.assertEqual(400, self.ask("GET", path + "?token=bogus")[0])
        self.assertEqual(200, self.ask("GET", path + "?token=" + part["continuation_token"])[0])

    # ---- who may ----

    def refusals(self):
        return self.ask("GET", "/api/v2/eventLogs?event=refuse&order_by=id&limit=100")[1]["event_logs"]

    def test_a_refusal_is_in_the_audit_and_many_are_a_few_rows(self):
        viewer = self.ask("POST", "/api/v2/tokens", {"name": "v", "role": "viewer", "scopes": ["run:read"]})[1]
        self.assertEqual(401, self.ask("GET", "/api/v2/dags", token="bat_wrong")[0])
        self.assertEqual(403, self.ask("POST", "/api/v2/dags/d/dagRuns", {}, token=viewer["token"])[0])
        self.assertEqual(401, self.ask("POST", "/auth/token", {"username": "admin", "password": "x"})[0])
        self.until(lambda: len(self.refusals()) == 3, "three rows")
        told = [(row["owner"], row["address"], json.loads(row["extra"])) for row in self.refusals()]
        self.assertEqual([None, "v", None], [owner for owner, _, _ in told])
        self.assertEqual({"127.0.0.1"}, {address for _, address, _ in told})
        self.assertEqual([(401, "GET", "/api/v2/dags"), (403, "POST", "/api/v2/dags/d/dagRuns"), (401, "POST", "/auth/token")],
                         [(extra["status"], extra["method"], extra["path"]) for _, _, extra in told])
        for _ in range(100):
            self.assertEqual(401, self.ask("GET", "/api/v2/dags", token="bat_wrong")[0])
        time.sleep(0.3)
        self.assertEqual(10, len(self.refusals()), "the others of this minute become one row when it is over")

    def test_who_makes_a_token_stands_in_the_audit_with_what_it_may(self):
        made = self.ask("POST", "/api/v2/tokens", {"name": "v", "role": "viewer", "scopes": ["run:read", "*"],
                                                  "expires_at": "2099-01-01"})[1]
        self.assertEqual("2099-01-01T00:00:00Z", made["expires_at"])
        row = self.ask("GET", "/api/v2/eventLogs?event=create_token")[1]["event_logs"][0]
        self.assertEqual(("admin", "127.0.0.1", "api"), (row["owner"], row["address"], row["via"]))
        self.assertEqual({"name": "v", "role": "viewer", "scopes": ["run:read", "*"], "expires_at": "2099-01-01T00:00:00Z"},
                         json.loads(row["extra"]))
        for scope in ("nonsense", "run:write", "run:read:read"):
            status, told = self.ask("POST", "/api/v2/tokens", {"name": "w", "role": "viewer", "scopes": [scope]})
            self.assertEqual(422, status)
            self.assertIn(scope, json.dumps(told))

    def test_a_session_that_was_logged_out_opens_nothing_any_more(self):
        def ask(method, path, cookie, **headers):
            connection = http.client.HTTPConnection(self.url.split("//")[1], timeout=10)
            connection.request(method, path, headers={"Cookie": cookie, **headers})
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            return answer.status, json.loads(body) if body else None

        request = urllib.request.Request(self.url + "/auth/session", method="POST",
                                         data=json.dumps({"username": "admin", "password": self.token}).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            cookie = answer.headers["Set-Cookie"].split(";")[0]
        status, session = ask("GET", "/auth/session", cookie)
        self.assertEqual(200, status)
        self.assertEqual(204, ask("POST", "/auth/logout", cookie, **{"X-CSRF-Token": session["csrf_token"]})[0])
        self.assertEqual(401, ask("GET", "/auth/session", cookie)[0])
        self.process.terminate()
        self.process.wait()
        self.serve()
        self.assertEqual(401, ask("GET", "/auth/session", cookie)[0], "over a restart too")

    # ---- the rest ----

    def test_a_later_action_of_a_bulk_request_sees_what_the_earlier_have_done(self):
        body = {"actions": [{"action": "create", "entities": [{"name": "p", "slots": 3}]},
                            {"action": "update", "entities": [{"name": "p", "slots": 4}]},
                            {"action": "delete", "entities": ["p"]}]}
        status, done = self.ask("PATCH", "/api/v2/pools", body)
        self.assertEqual(200, status, done)
        self.assertEqual([["p"]] * 3, [done[action]["success"] for action in ("create", "update", "delete")], done)
        self.assertEqual(404, self.ask("GET", "/api/v2/pools/p")[0])
        body = {"actions": [{"action": "create", "entities": [{"key": "k", "value": "1"}, {"key": "k", "value": "2"}]}]}
        done = self.ask("PATCH", "/api/v2/variables", body)[1]["create"]
        self.assertEqual((["k"], [409]), (done["success"], [one["status_code"] for one in done["errors"]]))
        self.assertIn("already", done["errors"][0]["error"])

    def test_the_description_can_be_read(self):
        for path in ("/docs", "/api/v2/docs"):
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                page = answer.read().decode()
                self.assertIn("text/html", answer.headers["Content-Type"])
                self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
            self.assertIn("/api/v2/dags/{dag_id}/dagRuns", page)
            self.assertIn("<b>POST</b>", page)
            self.assertNotIn("<script", page)


if __name__ == "__main__":
    unittest.main()
