"""The programs of mlops.dag.yaml on real engines: Evidently looks for drift, scikit-learn learns, MLflow tracks and keeps.

The same life as in steps.py. A trial is an MLflow run, a model is a version in MLflow's registry, whose tags say what made
it; the alias `production` stands on the version of the latest month that was promoted. Whatever is killed in between is
found again by its key, so a second try adds nothing.
"""
import functools
import json
import os
import pathlib
import warnings

os.environ.update({"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1", "GIT_PYTHON_REFRESH": "quiet"})

import task
from mlops import data, steps

warnings.filterwarnings("ignore")
NAME = "loans"
ROWS = 4000
COLUMNS = [*steps.COLUMNS, "defaulted"]


def ingest():
    task.write_json(task.path("months", f"{steps.month()}.json"), data.month(steps.month(), ROWS))
    return {"rows": len(steps.month_of(steps.month()))}


def drift():
    """Is this month another population than the one that the model in production has learned from?"""
    before = production_before()
    if not before:
        return {"drifted": True, "reason": "there is no model yet"}
    from evidently import Dataset, DataDefinition, Report
    from evidently.presets import DataDriftPreset
    definition = DataDefinition(numerical_columns=steps.COLUMNS)
    months = [Dataset.from_pandas(frame(name)[steps.COLUMNS], data_definition=definition)
              for name in (steps.month(), before.tags["month"])]
    found = Report([DataDriftPreset(num_method="psi", num_threshold=steps.PSI_MAX)]).run(*months)
    indexes = {metric["config"]["column"]: round(float(metric["value"]), 4) for metric in found.dict()["metrics"]
               if "column" in metric["config"]}
    if report := os.environ.get("BATON_REPORT_DIR"):
        # Evidently's page lives by its scripts, and Baton's page runs none: it is there to be downloaded.
        found.save_html(str(pathlib.Path(report, "drift.html")))
        pathlib.Path(report, "summary.md").write_text(f"# {steps.month()} beside {before.tags['month']}\n\n" + "".join(
            f"| {column} | {index} |\n" for column, index in [("column", "stability index"), ("---", "---"),
                                                              *indexes.items()]))
    worst = max(indexes, key=indexes.get)
    return {"drifted": indexes[worst] > steps.PSI_MAX, "reason": f"{worst}: stability index {indexes[worst]}"}


def train(rate, penalty):
    """One setting of the matrix. What comes of it is tracked by `register`, the one writer of MLflow's SQLite."""
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import roc_auc_score
    learn, measure, _ = slices(steps.month())
    model = SGDClassifier(loss="log_loss", learning_rate="adaptive", eta0=float(rate), alpha=max(float(penalty), 1e-5),
                          random_state=0)
    model.fit(learn[steps.COLUMNS], learn["defaulted"])
    auc = round(float(roc_auc_score(measure["defaulted"], model.decision_function(measure[steps.COLUMNS]))), 4)
    return {"params": {"rate": float(rate), "penalty": float(penalty)}, "auc": auc,
            "weights": [*map(float, model.coef_[0]), float(model.intercept_[0])]}


def register(trials):
    """Every setting as an MLflow run, the best one as a version in the registry, with what made it."""
    import mlflow.sklearn
    best = max(json.loads(trials), key=lambda trial: trial["auc"])
    model_id = model_id_of(best["params"])
    runs = {model_id_of(trial["params"]): tracked(**trial) for trial in json.loads(trials)}
    if not version_of(model_id):
        released = as_model(best["weights"], spoiled=os.environ["BAD"] == "true")
        mlflow.set_tracking_uri(store())
        with mlflow.start_run(run_id=runs[model_id]):
            logged = mlflow.sklearn.log_model(released, name="model", pip_requirements=["scikit-learn"],
                                              serialization_format="cloudpickle")
        mlflow.register_model(logged.model_uri, NAME, tags={
            "model_id": model_id, "month": steps.month(), "stage": "candidate", "params": canonical(best["params"]),
            "data_sha": steps.sha_of_month(steps.month()), "code_sha": sha_of_code()})
    return {"model_id": model_id, "auc": best["auc"]}


def canary(model_id):
    """The registered model on a slice of traffic that nobody has learned from, beside the one in production."""
    before = production_before()
    candidate, rival = measured(version_of(model_id)), measured(before) if before else 0.5
    return {"healthy": candidate >= rival, "candidate": candidate, "production": rival}


def promote(model_id):
    approval = task.path("approvals", f"{model_id}.json")
    signed = json.loads(approval.read_text()) if approval.exists() else {}
    if signed.get("model_id") != model_id or not signed.get("by"):
        task.fail(f"nobody has approved {model_id}")
    say(version_of(model_id), promoted=steps.month(), approved_by=signed["by"], stage="promoted")
    point_to_production()


def roll_back(model_id):
    """Production is what it was before this month."""
    for version in versions():
        if version.tags.get("promoted") == steps.month():
            client().delete_model_version_tag(NAME, version.version, "promoted")
    say(version_of(model_id), stage="rejected")
    point_to_production()


def trace(model_id):
    """Where a model comes from, each part checked: for an auditor, at the keyboard."""
    version = version_of(model_id) or task.fail(f"there is no model {model_id}")
    tags = version.tags
    return {**tags, "version": version.version, "mlflow_run": version.run_id,
            "data_is_as_it_was": steps.sha_of_month(tags["month"]) == tags["data_sha"],
            "code_is_as_it_was": sha_of_code() == tags["code_sha"],
            "name_is_true": task.sha256(tags["data_sha"], tags["code_sha"], tags["params"]) == model_id}


def store():
    task.path().mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{task.path('mlflow.sqlite').resolve()}"


@functools.cache
def client():
    """MLflow's client, with the experiment and the registered model there."""
    import mlflow
    from mlflow.exceptions import MlflowException
    found = mlflow.MlflowClient(store(), store())
    if not found.get_experiment_by_name(NAME):
        found.create_experiment(NAME, artifact_location=task.path("artifacts").resolve().as_uri())
    try:
        found.get_registered_model(NAME)
    except MlflowException:
        found.create_registered_model(NAME)
    return found


def tracked(params, weights, auc):
    """The MLflow run of a trial: the one that an earlier try has begun, or a new one."""
    mlflow, model_id = client(), model_id_of(params)
    experiment = mlflow.get_experiment_by_name(NAME).experiment_id
    known = mlflow.search_runs([experiment], f"tags.model_id = '{model_id}'")
    run = known[0] if known else mlflow.create_run(experiment, tags={
        "model_id": model_id, "month": steps.month(), "mlflow.runName": f"{steps.month()} {canonical(params)}"})
    if run.info.status != "FINISHED":
        for name, value in params.items():
            mlflow.log_param(run.info.run_id, name, value)
        mlflow.log_text(run.info.run_id, json.dumps(weights), "weights.json")
        mlflow.log_metric(run.info.run_id, "auc", auc, step=0)
        mlflow.set_terminated(run.info.run_id)
    return run.info.run_id


def versions():
    return client().search_model_versions(f"name = '{NAME}'")


def version_of(model_id):
    return next((version for version in versions() if version.tags["model_id"] == model_id), None)


def production_before():
    known = [version for version in versions() if "" < version.tags.get("promoted", "") < steps.month()]
    return max(known, key=lambda version: version.tags["promoted"], default=None)


def point_to_production():
    known = [version for version in versions() if version.tags.get("promoted")]
    if known:
        latest = max(known, key=lambda version: version.tags["promoted"])
        client().set_registered_model_alias(NAME, "production", latest.version)
        task.write_json(task.path("production.json"),
                        {"model_id": latest.tags["model_id"], "since": latest.tags["promoted"]})


def say(version, **tags):
    for name, value in tags.items():
        client().set_model_version_tag(NAME, version.version, name, value)


def measured(version):
    import mlflow.sklearn
    from sklearn.metrics import roc_auc_score
    mlflow.set_tracking_uri(store())
    traffic = slices(steps.month())[2]
    scores = mlflow.sklearn.load_model(f"models:/{NAME}/{version.version}").decision_function(traffic[steps.COLUMNS])
    return round(float(roc_auc_score(traffic["defaulted"], scores)), 4)


def as_model(weights, spoiled=False):
    """scikit-learn's own class with these weights; a spoiled one says the opposite: the canary is there to see it."""
    import numpy
    from sklearn.linear_model import LogisticRegression
    model, sign = LogisticRegression(), -1 if spoiled else 1
    model.classes_, model.feature_names_in_ = numpy.array([0, 1]), numpy.array(steps.COLUMNS, dtype=object)
    model.coef_, model.intercept_ = sign * numpy.array([weights[:-1]]), sign * numpy.array(weights[-1:])
    model.n_features_in_ = len(steps.COLUMNS)
    return model


def frame(month):
    import pandas
    return pandas.DataFrame(steps.month_of(month), columns=COLUMNS)


def slices(month):
    """What is learned from, what the trials are measured by, and traffic that nobody has seen."""
    rows = frame(month)
    learn, measure = int(len(rows) * 0.75), int(len(rows) * 0.875)
    return rows[:learn], rows[learn:measure], rows[measure:]


def model_id_of(params):
    return task.sha256(steps.sha_of_month(steps.month()), sha_of_code(), canonical(params))


def canonical(params):
    return json.dumps(params, sort_keys=True)


def sha_of_code():
    return task.sha256(pathlib.Path(__file__).read_bytes())


if __name__ == "__main__":
    task.main(ingest, drift, train, register, canary, steps.sign, promote, roll_back, trace)
