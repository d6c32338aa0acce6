"""Drift starts a training, a signature stands before promotion, a bad candidate goes back, a model can be traced."""
import json
import subprocess

from pipeline import PipelineTest, contents
from real import needs_engine, python_with

# Both measures of scikit-learn over the month and the weights on stdin.
SKLEARN = """
import json, math, sys
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
loans, weights = json.load(sys.stdin)
x, y = [row[:3] for row in loans], [row[3] for row in loans]
ours = [sum(w * v for w, v in zip(weights, [*row, 1])) for row in x]
theirs = LogisticRegression(C=1e6).fit(x[:300], y[:300]).decision_function(x[350:])
print(json.dumps([roc_auc_score(y[350:], ours[350:]), roc_auc_score(y[350:], theirs)]))
"""


class Mlops(PipelineTest):
    name = "mlops"

    def production(self):
        return json.loads((self.home / "production.json").read_text())

    def month(self, month, *words, code=0):
        return self.run_dag("--interval", f"{month}-01", *words, code=code)

    def test_a_shifted_month_trains_and_one_like_before_does_not(self):
        self.assertEqual(self.month("2026-01")["promote"], "success")
        first = self.production()
        quiet = self.month("2026-02")
        self.assertEqual((quiet["alarm"], quiet["train"], quiet["promote"]), ("skipped", "skipped", "skipped"))
        self.assertEqual(self.production(), first)
        self.assertEqual(self.month("2026-04")["promote"], "success")
        self.assertEqual(self.production()["since"], "2026-04")
        after = contents(self.home)
        self.month("2026-02")  # an old month again: measured against what was before it, and nothing changes
        self.assertEqual(contents(self.home), after)

    def test_nothing_is_promoted_before_somebody_has_signed(self):
        process = self.begin("--interval", "2026-01-01", "-p", "stand_in=false")
        line = process.stderr.readline()
        while line and not ("approve" in line and "up_for_reschedule" in line):
            line = process.stderr.readline()
        self.assertIn("up_for_reschedule", line, "approve never waited")
        self.assertFalse((self.home / "production.json").exists())
        model_id = self.one("SELECT model_id FROM model")
        self.python("mlops.steps", "promote", model_id, code=1, MONTH="2026-01", BAD="false")
        self.python("mlops.steps", "sign", model_id, "ada")
        while process.stderr.readline():
            pass
        self.assertEqual(process.wait(), 0)
        self.assertEqual(self.rows("SELECT model_id, approved_by FROM promotion"), [(model_id, "ada")])

    def test_a_bad_candidate_is_rolled_back(self):
        self.month("2026-01")
        good = self.production()
        states = self.month("2026-02", "-p", "retrain=true", "-p", "bad=true")
        self.assertEqual((states["approve"], states["promote"], states["roll_back"]), ("skipped", "skipped", "success"))
        self.assertEqual(self.production(), good)
        self.assertEqual(self.rows("SELECT month, stage FROM model ORDER BY month"),
                         [("2026-01", "promoted"), ("2026-02", "rejected")])

    def test_a_model_is_traced_to_its_data_its_code_and_its_params(self):
        self.month("2026-01")
        model_id = self.production()["model_id"]
        traced = json.loads(self.python("mlops.steps", "trace", model_id).partition("{")[2].join(["{", ""]))
        self.assertTrue(traced["data_is_as_it_was"] and traced["code_is_as_it_was"] and traced["name_is_true"])
        self.assertIn("rate", traced["params"])
        month = self.home / "months" / "2026-01.json"
        month.write_text(month.read_text().replace("0", "1", 1))
        self.plant("mlops/learning.py", "bins=5", "bins=6")
        traced = json.loads(self.python("mlops.steps", "trace", model_id).partition("{")[2].join(["{", ""]))
        self.assertFalse(traced["data_is_as_it_was"] or traced["code_is_as_it_was"])

    @needs_engine
    def test_scikit_learn_measures_the_same_and_learns_no_better(self):
        self.month("2026-01")
        loans = json.loads((self.home / "months" / "2026-01.json").read_text())
        weights = json.loads(self.one("SELECT weights FROM model"))
        done = subprocess.run([python_with("scikit-learn==1.5.2"), "-c", SKLEARN], input=json.dumps([loans, weights]),
                              text=True, capture_output=True, check=True)
        ours, theirs = json.loads(done.stdout)
        self.assertIn(f'"candidate": {round(ours, 4)}', self.logs("canary"))
        self.assertLess(theirs - ours, 0.02)
