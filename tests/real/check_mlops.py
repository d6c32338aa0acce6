"""mlops on MLflow, scikit-learn and Evidently: judged by the registry as MLflow's own client reads it, and by the data."""
import json
import subprocess
import sys

from mlflow import MlflowClient

from scenario import DAGS, environment, kill, wait_until


def main(s):
    process = s.begin("--interval", "2026-01-01", "--run-id", "first")
    wait_until(lambda: (s.data / "artifacts").exists() or process.poll() is not None, 900)
    s.check("killed while the model is registered", process.poll() is None)
    kill(process)
    s.resume()
    first = registry(s)
    s.equal("after the kill: four trials, one version, production",
            (len(first["trials"]), len(first["versions"]), first["production"]), (4, 1, "1"))

    quiet = s.run("--interval", "2026-02-01")
    s.equal("a month like the one before trains nothing", (quiet["alarm"], quiet["promote"]), ("skipped", "skipped"))
    s.run("--interval", "2026-01-01")
    s.equal("a second run of the month changes nothing", registry(s) == first, True)

    process = s.begin("--interval", "2026-04-01", "-p", "stand_in=false", "--run-id", "shifted")
    wait_until(lambda: waits_for_a_person(s) or process.poll() is not None, 600)
    drifted = next(tags for tags in registry(s)["versions"] if tags["month"] == "2026-04")
    told = [event["source_run_id"] for event in
            json.loads(s.baton("asset", "events", "drift", "-o", "json"))["asset_events"]]
    s.equal("the shifted month has raised the event of the asset, and then trained; the quiet one has not",
            (s.outputs("drift", "shifted")["drifted"], told[0], len(told)), (True, "shifted", 3))
    s.equal("and nothing is promoted before somebody has signed", registry(s)["production"], "1")
    refused = by_hand(s, "promote", drifted["model_id"])
    s.check("promotion by hand is refused", refused.returncode and "nobody has approved" in refused.stderr)
    by_hand(s, "sign", drifted["model_id"], "ada")
    s.equal("signed, the run ends well", process.wait(600), 0)
    after = registry(s)
    s.equal("production is the new model, and says who let it in", (after["production"], [
        tags.get("approved_by") for tags in after["versions"] if tags["month"] == "2026-04"]), ("2", ["ada"]))

    bad = s.run("--interval", "2026-05-01", "-p", "retrain=true", "-p", "bad=true")
    s.equal("a bad candidate is rolled back", (bad["promote"], bad["roll_back"]), ("skipped", "success"))
    last = registry(s)
    s.equal("production stands, the bad one is rejected", (last["production"], [
        tags["stage"] for tags in last["versions"] if tags["month"] == "2026-05"]), ("2", ["rejected"]))

    traced = trace(s, drifted["model_id"])
    s.check("a model is traced to data, code and params", "rate" in traced["params"] and all(
        traced[part] for part in ("data_is_as_it_was", "code_is_as_it_was", "name_is_true")))
    month = s.data / "months" / "2026-04.json"
    whole = month.read_text()
    month.write_text(whole.replace("0", "1", 1))
    s.check("data that was changed since is seen", not trace(s, drifted["model_id"])["data_is_as_it_was"])
    month.write_text(whole)
    s.rows(sum(len(json.loads(file.read_text())) for file in (s.data / "months").glob("*.json")), len(last["versions"]))


def registry(s):
    """What MLflow holds, without what says when."""
    store = f"sqlite:///{s.data / 'mlflow.sqlite'}"
    client = MlflowClient(store, store)
    runs = client.search_runs([client.get_experiment_by_name("loans").experiment_id])
    return {"trials": sorted((run.data.tags["model_id"], run.data.metrics["auc"]) for run in runs
                             if run.info.status == "FINISHED"),
            "versions": sorted((version.tags for version in client.search_model_versions("name = 'loans'")),
                               key=lambda tags: tags["month"]),
            # The store of the day decides whether it is text or a number.
            "production": str(client.get_registered_model("loans").aliases.get("production"))}


def waits_for_a_person(s):
    shown = json.loads(s.baton("show", "@latest", "-o", "json", code=None) or "{}")
    return any(one["task_id"] == "approve" and one["state"] == "up_for_reschedule"
               for one in shown.get("task_instances", []))


def trace(s, model_id):
    said = by_hand(s, "trace", model_id).stdout
    return json.loads(said[said.index("{"):])


def by_hand(s, *words):
    return subprocess.run([sys.executable, "-m", "mlops.real", *words], cwd=DAGS, text=True, capture_output=True,
                          env={**environment(), "DATA": str(s.data), "MONTH": "2026-04", "BAD": "false"})
