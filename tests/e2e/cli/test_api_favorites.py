"""Favorites, filters of DAGs, connections and the state store of tasks, as clients of Airflow ask for them."""
import json
import unittest

from serving import ServingTest

DAGS = {
    "cron": "dag: cron\nschedule: {cron: '@daily', catchup: none}\ntasks: {a: {run: 'true'}}\n",
    "every": "dag: every\nschedule: {every: 1h, catchup: none}\ntasks: {a: {run: 'true'}}\n",
    "plain": "dag: plain\ntasks: {a: {run: 'true'}}\n",
    "on_asset": "dag: on_asset\nassets: {orders: {uri: 'lake:/orders'}}\nschedule: {assets: [orders]}\ntasks: {a: {run: 'true'}}\n",
}


class Favorites(ServingTest):
    def setUp(self):
        super().setUp()
        for name, text in DAGS.items():
            self.save(name + ".yaml", text)
        self.serve()
        for name in DAGS:
            self.until_dag(name)

    def found(self, query, token=None):
        status, answer = self.ask("GET", "/api/v2/dags?" + query, token=token)
        self.assertEqual(200, status, answer)
        self.assertEqual(len(answer["dags"]), answer["total_entries"])
        return [dag["dag_id"] for dag in answer["dags"]]

    def test_everybody_has_their_own_over_a_restart(self):
        other = self.ask("POST", "/api/v2/tokens", {"name": "ada", "role": "viewer"})[1]["token"]
        self.assertEqual(204, self.ask("POST", "/api/v2/dags/cron/favorite")[0])
        self.assertEqual(204, self.ask("POST", "/api/v2/dags/cron/favorite")[0], "once more is no error")
        self.assertEqual(204, self.ask("POST", "/api/v2/dags/plain/favorite", token=other)[0])
        self.assertEqual(["cron"], self.found("is_favorite=true"))
        self.assertEqual(["plain"], self.found("is_favorite=true", other))
        self.assertEqual(["every", "on_asset", "plain"], self.found("is_favorite=false"))
        self.assertTrue(self.ask("GET", "/api/v2/dags/cron/details")[1]["is_favorite"])
        self.assertFalse(self.ask("GET", "/api/v2/dags/cron/details", token=other)[1]["is_favorite"])
        self.process.terminate()
        self.process.wait()
        self.serve()
        self.assertEqual(["cron"], self.found("is_favorite=true"))
        self.assertEqual(204, self.ask("POST", "/api/v2/dags/cron/unfavorite")[0])
        self.assertEqual(409, self.ask("POST", "/api/v2/dags/cron/unfavorite")[0])
        self.assertEqual([], self.found("is_favorite=true"))
        self.assertFalse(self.ask("GET", "/api/v2/dags/cron/details")[1]["is_favorite"])
        for way in ("favorite", "unfavorite"):
            self.assertEqual(404, self.ask("POST", f"/api/v2/dags/nobody/{way}")[0])

    def test_kinds_of_schedules_and_versions(self):
        self.assertEqual(["cron"], self.found("timetable_type=CronDataIntervalTimetable"))
        self.assertEqual(["cron"], self.found("timetable_type=airflow.timetables.interval.CronDataIntervalTimetable"))
        self.assertEqual(["every", "plain"],
                         self.found("timetable_type=NullTimetable&timetable_type=DeltaDataIntervalTimetable"))
        self.assertEqual(["on_asset"], self.found("timetable_type=AssetTriggeredTimetable"))
        self.assertEqual([], self.found("timetable_type=Other"))
        self.assertEqual(sorted(DAGS), self.found("bundle_name=dags-folder"))
        self.assertEqual([], self.found("bundle_name=other"))
        version = self.dag("plain")[1]["bundle_version"]
        self.assertEqual(["plain"], self.found("bundle_version=" + version))
        self.assertEqual([], self.found("bundle_version=0"))
        self.save("plain.yaml", "dag: plain\nschedule: '@hourly'\ntasks: {a: {run: 'true'}}\n")
        self.until(lambda: "plain" in self.found("timetable_type=CronDataIntervalTimetable"), "the edit")
        self.assertEqual([], self.found("bundle_version=" + version), "the newest version counts")


class Connections(ServingTest):
    def test_they_are_read_without_passwords_and_stand_in_files(self):
        self.write("baton.yaml", "connections:\n"
                   "  dwh: {postgresql: \"host=db.example.org port=5433 dbname=dwh user='e tl'\", password: {secret: dwh_key}}\n"
                   "  by_url: {postgresql: \"postgresql://ada:hunter2@[::1]:5432/lake?sslmode=require\"}\n"
                   "  lite: {sqlite: /tmp/some.db}\n")
        self.save("d.yaml", "dag: d\nconnections: {own: {sqlite: own.db}, lite: {sqlite: other.db}}\ntasks: {a: {run: 'true'}}\n")
        self.serve()
        self.until_dag("d")
        status, answer = self.ask("GET", "/api/v2/connections")
        self.assertEqual((200, 3), (status, answer["total_entries"]))
        self.assertEqual(["by_url", "dwh", "lite"], [one["connection_id"] for one in answer["connections"]])
        by_url, dwh, lite = answer["connections"]
        self.assertEqual(("postgres", "db.example.org", 5433, "dwh", "e tl", "***"),
                         tuple(dwh[k] for k in ("conn_type", "host", "port", "schema", "login", "password")))
        self.assertEqual({"password_secret": "dwh_key"}, json.loads(dwh["extra"]))
        self.assertEqual(("[::1]", 5432, "lake", "ada", "***"),
                         tuple(by_url[k] for k in ("host", "port", "schema", "login", "password")))
        self.assertEqual(("sqlite", "/tmp/some.db", None), tuple(lite[k] for k in ("conn_type", "host", "password")))
        self.assertNotIn("hunter2", str(answer))
        self.assertEqual(["own"], [one["connection_id"] for one in self.ask(
            "GET", "/api/v2/connections?dag_id=d&connection_id_pattern=own")[1]["connections"]])
        self.assertEqual(4, self.ask("GET", "/api/v2/connections?dag_id=d")[1]["total_entries"])
        self.assertEqual(404, self.ask("GET", "/api/v2/connections?dag_id=nobody")[0])
        self.assertEqual("dwh", self.ask("GET", "/api/v2/connections/dwh")[1]["schema"])
        self.assertEqual(404, self.ask("GET", "/api/v2/connections/nobody")[0])
        self.assertEqual(400, self.ask("GET", "/api/v2/connections?order_by=nonsense")[0])
        body = {"connection_id": "new", "conn_type": "postgres", "password": "hunter3"}
        for method, path, sent, wanted in (("POST", "", body, 409), ("PATCH", "", {"actions": []}, 409),
                                           ("PATCH", "/dwh", body, 409), ("DELETE", "/dwh", None, 409),
                                           ("DELETE", "/nobody", None, 404), ("POST", "/defaults", None, 409),
                                           ("POST", "/test", body, 403), ("POST", "", {**body, "port": "x"}, 422)):
            code, answer = self.ask(method, "/api/v2/connections" + path, sent)
            self.assertEqual(wanted, code, (method, path, answer))
            self.assertNotIn("hunter3", str(answer))
            if wanted == 409:
                self.assertIn("baton.yaml", answer["detail"])


if __name__ == "__main__":
    unittest.main()
