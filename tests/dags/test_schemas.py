"""A schema that would break a reader is refused before a record is written with it."""
import json
import subprocess

from pipeline import DAGS, PipelineTest
from real import needs_engine, python_with

# Every pair of schemas: what fastavro reads, or that it refuses.
FASTAVRO = """
import io, json, sys, fastavro
schemas = json.load(sys.stdin)
full = {"id": 7, "item": "x", "cents": 5, "currency": "USD", "coupon": "SPRING", "shop": "s"}
answer = {}
for w, writer in schemas.items():
    record = lambda fields: fastavro.parse_schema({"type": "record", "name": "order", "fields": fields})
    row = {f["name"]: str(full[f["name"]]) if f["type"] == "string" else full[f["name"]] for f in writer}
    for r, reader in schemas.items():
        data = io.BytesIO()
        fastavro.schemaless_writer(data, record(writer), row)
        data.seek(0)
        try:
            answer[w + " " + r] = fastavro.schemaless_reader(data, record(writer), record(reader))
        except Exception as error:
            answer[w + " " + r] = None
print(json.dumps(answer))
"""


class Schemas(PipelineTest):
    name = "schemas"

    def check(self, proposal, code=0):
        return self.python("schemas.registry", "check", proposal, code=code)

    def test_each_change_gets_its_verdict(self):
        self.steps("schemas.registry", [("2026-01-01", "register", "first")])
        for proposal in ("add_with_default", "add_optional"):
            self.check(proposal)
        for proposal, why in {"add_without_default": "data of version 1, new reader: shop is missing",
                              "remove_required": "new data, reader of version 1: item is missing",
                              "change_type": "cents was int, is string",
                              "widen": "new data, reader of version 1: cents was long, is int"}.items():
            self.assertIn(why, self.check(proposal, code=1))

    def test_a_change_must_suit_the_oldest_reader_and_not_only_the_last(self):
        self.steps("schemas.registry", [("2026-01-01", "register", "first"),
                                        ("2026-01-01", "register", "add_with_default")])
        self.check("add_optional")
        self.assertIn("reader of version 1", self.check("remove_required", code=1))

    def test_what_is_refused_reaches_no_consumer(self):
        self.run_dag("--interval", "2026-01-01")
        before = sorted(self.home.rglob("*"))
        states = self.run_dag("--interval", "2026-01-02", "-p", "proposal=change_type", code=1)
        self.assertEqual((states["check"], states["produce"]), ("failed", "upstream_failed"))
        self.assertEqual(sorted(self.home.rglob("*")), before)

    def test_old_consumers_read_new_data_and_new_ones_old_data(self):
        self.run_dag("--interval", "2026-01-01")
        states = self.run_dag("--interval", "2026-01-02", "-p", "proposal=add_with_default")
        self.assertEqual(states["consume"], ["success", "success"])
        old, new = (json.loads((self.home / "consumers" / f"version-{n}.json").read_text()) for n in (1, 2))
        self.assertEqual(old, new)
        self.assertEqual(sorted(old), ["2026-01-01", "2026-01-02"])

    @needs_engine
    def test_fastavro_reads_the_same_and_refuses_the_same(self):
        schemas = json.loads((DAGS / "schemas" / "proposals.json").read_text())
        theirs = json.loads(subprocess.run([python_with("fastavro==1.9.7"), "-c", FASTAVRO], input=json.dumps(schemas),
                                           text=True, capture_output=True, check=True).stdout)
        ours = json.loads(self.python("schemas.verdicts"))
        self.assertEqual(ours, theirs)
