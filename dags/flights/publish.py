"""Publishes the candidate of a day: the model under its id, then the day's record, then the pointer.

Each step may be the last before a crash, and a second run mends what is missing: a model without a record is not
published, and `current.json` is always worked out anew from the records. It shows the latest *day*, so that a late
run of an old day does not turn the service back.
"""
from lake import arguments, fail, read_json, write_json, write_outputs
from train import content_id


def main(argv=None):
    options = arguments(__doc__).parse_args(argv)
    lake, day = options.lake, options.day

    model = read_json(lake.candidate(day, "model.json"))
    evaluation = read_json(lake.candidate(day, "evaluation.json"))
    model_id = content_id(model)
    if not evaluation["better"] or evaluation["model_id"] != model_id:
        fail(f"the evaluation of {day} does not speak for model {model_id}: {evaluation['reason']}")
    record = {"day": day, "model_id": model_id, "mae_min": evaluation["mae_min"],
              "baseline_mae_min": evaluation["baseline_mae_min"]}
    changed = write_json(lake.model(model_id), model)
    changed |= write_json(lake.publication(day), record)
    latest = max(lake.publication(day).parent.glob("dt=*.json"), key=lambda path: path.name)
    changed |= write_json(lake.current(), read_json(latest))
    print(f"model {model_id} of {day} {'is published' if changed else 'was published already: nothing changed'}")
    write_outputs({"model_id": model_id})


if __name__ == "__main__":
    main()
