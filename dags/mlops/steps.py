"""The programs of mlops.dag.yaml: from a month of data to a model in production, or to the reason why not.

The registry keeps every candidate with what made it: its data, its code, its params. Production is what the promotion
of the latest month says; a month that runs again is measured against what was in production before it.
"""
import json
import os
import pathlib

import task
from mlops import data, learning

SCHEMA = """
CREATE TABLE IF NOT EXISTS model (model_id TEXT PRIMARY KEY, month TEXT, data_sha TEXT, code_sha TEXT, params TEXT,
                                  weights TEXT, auc REAL, stage TEXT);
CREATE TABLE IF NOT EXISTS promotion (month TEXT PRIMARY KEY, model_id TEXT, approved_by TEXT);
"""
PSI_MAX = 0.2
COLUMNS = ["income", "debt", "late"]


def ingest():
    loans = data.month(month())
    task.write_json(task.path("months", f"{month()}.json"), loans)
    bad = [loan for loan in loans if len(loan) != 4 or loan[3] not in (0, 1) or abs(loan[0]) > 10]
    if bad:
        task.fail(f"{len(bad)} rows of {month()} break the rules")
    return {"rows": len(loans)}


def drift():
    """Is this month another population than the one that the model in production has learned from?"""
    current = production_before()
    if not current:
        return {"drifted": True, "reason": "there is no model yet"}
    before, now = month_of(current["month"]), month_of(month())
    indexes = {name: learning.stability([row[n] for row in before], [row[n] for row in now])
               for n, name in enumerate(COLUMNS)}
    worst = max(indexes, key=indexes.get)
    return {"drifted": indexes[worst] > PSI_MAX, "reason": f"{worst}: stability index {indexes[worst]}"}


def train(rate, penalty):
    """One setting of the matrix: learned on the first 300 rows, measured on the next 50."""
    loans = month_of(month())
    weights = learning.train(loans[:300], float(rate), float(penalty))
    return {"params": {"rate": float(rate), "penalty": float(penalty)}, "weights": weights,
            "auc": learning.auc(weights, loans[300:350])}


def register(trials):
    """The best setting under a name that says what made it: the same data, code and params are the same model."""
    best = max(json.loads(trials), key=lambda trial: trial["auc"])
    params, data_sha, code_sha = json.dumps(best["params"], sort_keys=True), sha_of_month(month()), sha_of_code()
    model_id = task.sha256(data_sha, code_sha, params)
    released = best["weights"]
    if os.environ["BAD"] == "true":  # a fault on the way to release: the canary is there to see it
        released = [-weight for weight in released]
    with task.transaction(SCHEMA) as db:
        db.execute("INSERT OR IGNORE INTO model VALUES (?, ?, ?, ?, ?, ?, ?, 'candidate')",
                   (model_id, month(), data_sha, code_sha, params, json.dumps(released), best["auc"]))
    return {"model_id": model_id, "auc": best["auc"]}


def canary(model_id):
    """The released model on a slice of traffic that nobody has learned from, beside the one in production."""
    traffic = month_of(month())[350:]
    with task.transaction(SCHEMA) as db:
        candidate = learning.auc(json.loads(model(db, model_id)["weights"]), traffic)
    current = production_before()
    rival = learning.auc(json.loads(current["weights"]), traffic) if current else 0.5
    return {"healthy": candidate >= rival, "candidate": candidate, "production": rival}


def sign(model_id, reviewer):
    """The signature of a person; the sensor `approve` waits for it."""
    task.write_json(task.path("approvals", f"{model_id}.json"), {"model_id": model_id, "by": reviewer})


def promote(model_id):
    approval = task.path("approvals", f"{model_id}.json")
    signed = json.loads(approval.read_text()) if approval.exists() else {}
    if signed.get("model_id") != model_id or not signed.get("by"):
        task.fail(f"nobody has approved {model_id}")
    with task.transaction(SCHEMA) as db:
        db.execute("INSERT OR REPLACE INTO promotion VALUES (?, ?, ?)", (month(), model_id, signed["by"]))
        db.execute("UPDATE model SET stage = 'promoted' WHERE model_id = ?", (model_id,))
        publish(db)


def roll_back(model_id):
    """Production is what it was before this month."""
    with task.transaction(SCHEMA) as db:
        db.execute("DELETE FROM promotion WHERE month = ?", (month(),))
        db.execute("UPDATE model SET stage = 'rejected' WHERE model_id = ?", (model_id,))
        publish(db)


def publish(db):
    latest = db.execute("SELECT * FROM promotion ORDER BY month DESC LIMIT 1").fetchone()
    if latest:
        task.write_json(task.path("production.json"), {"model_id": latest["model_id"], "since": latest["month"]})


def trace(model_id):
    """Where a model comes from, each part checked: for an auditor, at the keyboard."""
    with task.transaction(SCHEMA) as db:
        found = dict(model(db, model_id))
    found["data_is_as_it_was"] = sha_of_month(found["month"]) == found["data_sha"]
    found["code_is_as_it_was"] = sha_of_code() == found["code_sha"]
    found["name_is_true"] = task.sha256(found["data_sha"], found["code_sha"], found["params"]) == model_id
    return found


def month():
    return os.environ["MONTH"]


def month_of(name):
    return json.loads(task.path("months", f"{name}.json").read_text())


def sha_of_month(name):
    return task.sha256(task.path("months", f"{name}.json").read_bytes())


def sha_of_code():
    return task.sha256(pathlib.Path(learning.__file__).read_bytes())


def model(db, model_id):
    found = db.execute("SELECT * FROM model WHERE model_id = ?", (model_id,)).fetchone()
    return found or task.fail(f"there is no model {model_id}")


def production_before():
    with task.transaction(SCHEMA) as db:
        return db.execute("SELECT model.* FROM promotion JOIN model USING (model_id) WHERE promotion.month < ? "
                          "ORDER BY promotion.month DESC LIMIT 1", (month(),)).fetchone()


if __name__ == "__main__":
    task.main(ingest, drift, train, register, canary, sign, promote, roll_back, trace)
