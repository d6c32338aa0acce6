"""Ten questions and their answers; events that a receiver of OpenLineage gets; a changed row of the audit shows."""
import http.server
import json
import sqlite3
import threading

from pipeline import PipelineTest

DAY = "2026-01-05"
REQUIRED = {"eventType", "eventTime", "producer", "schemaURL", "run", "job", "inputs", "outputs"}


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes OpenLineage events; the first time it is asked it is not ready."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked += 1
        if self.server.asked > 1:
            self.server.events.append(body)
        self.send_response(201 if self.server.asked > 1 else 503)
        self.end_headers()

    def log_message(self, *_):
        pass


class LineageAudit(PipelineTest):
    name = "lineage_audit"

    def work(self, actor="ada", day=DAY):
        self.steps("lineage_audit.steps", [(day, step) for step in ("deliver", "load_orders", "load_rates", "revenue")],
                   ACTOR=actor, OPENLINEAGE_URL="", BATON_RUN_ID=f"run of {actor}")

    def ask(self, *words, code=0):
        answer = self.python("lineage_audit.ask", *words, code=code, DAY=DAY)
        return json.loads(answer[answer.index("{"):]) if code == 0 else answer

    def test_ten_questions(self):
        self.work()
        self.assertEqual(self.ask("lineage", "revenue.tax")["files"], ["rates.csv", "shop.csv"])
        self.assertEqual(self.ask("impact", "shop.csv.amount")["changes"],
                         ["orders.cents", "revenue.net", "revenue.tax"])
        self.assertEqual(self.ask("impact", "rates.csv.percent")["changes"], ["rates.percent", "revenue.tax"])
        self.assertEqual(self.ask("who", "revenue.csv", DAY)["made_by"], [["ada", "run of ada"]])
        code = self.ask("code", "revenue.csv", DAY)
        self.assertEqual(code["code"], [code["today"]])
        read = self.ask("inputs", "orders.csv", DAY)["reads"][0]["shop.csv"]
        self.assertEqual(self.ask("readers", read)["used_by"], [f"load_orders {DAY}"])
        self.assertFalse(self.ask("changed", "revenue.csv", DAY)["changed"])
        self.assertEqual(len(self.ask("versions", "revenue.csv", DAY)["results"]), 1)
        self.assertEqual(self.ask("refused", DAY)["refused"], ["refused orders: 7"])
        self.assertEqual(self.ask("intact")["rows"], 3)

    def test_the_answers_change_with_the_facts(self):
        self.work()
        self.work("ben")  # the same work: nothing new, and ada has made it
        self.assertEqual(self.ask("who", "revenue.csv", DAY)["made_by"], [["ada", "run of ada"]])
        self.plant("lineage_audit/steps.py", "percent[country] // 100]", "percent[country] // 100 + 1]")
        self.work("eve")
        self.assertEqual(self.ask("who", "revenue.csv", DAY)["made_by"], [["ada", "run of ada"], ["eve", "run of eve"]])
        self.assertEqual(len(set(self.ask("versions", "revenue.csv", DAY)["results"])), 2)
        file = self.home / "data" / f"dt={DAY}" / "revenue.csv"
        file.write_text(file.read_text().replace("DE", "DK"))
        self.assertTrue(self.ask("changed", "revenue.csv", DAY)["changed"])

    def test_a_row_of_the_audit_that_was_changed_or_taken_away_shows(self):
        self.work()
        for number, change in ((2, "UPDATE audit SET actor = 'eve' WHERE number = 2"),
                               (1, "DELETE FROM audit WHERE number = 1")):
            db = sqlite3.connect(self.home / "store.sqlite")
            db.execute(change)
            db.commit()
            db.close()
            self.assertIn(f"row {number} of the audit", self.ask("intact", code=1))

    def test_a_receiver_gets_each_event_though_it_was_down_at_first(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
        server.asked, server.events = 0, []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.run_dag("--interval", DAY, "-p", f"url=http://127.0.0.1:{server.server_port}/api/v1/lineage")
        self.assertTrue(all(REQUIRED <= set(event) for event in server.events))
        told = {(event["job"]["name"], event["eventType"]) for event in server.events}
        self.assertEqual(len(told), 6)
        columns = next(event["outputs"][0]["facets"]["columnLineage"]["fields"] for event in server.events
                       if event["job"]["name"].endswith("revenue"))
        self.assertEqual([source["name"] + "." + source["field"] for source in columns["tax"]["inputFields"]],
                         ["orders.csv.cents", "rates_clean.csv.percent"])
        self.assertEqual(self.one("SELECT count(*) FROM audit"), 3)
