"""Evaluates the candidate on the day, which it has not seen, against the baseline and the published model.

The baseline is the median delay of the past days: no constant has a smaller absolute error, so it is a fair rival.
The rival among models is the one that was published last *before* this day. Thus a second run of the day is
measured against the same rival as the first, not against itself, and comes to the same verdict.
"""
import os
import statistics

from clean import read_silver
from features import FEATURES, read_features
from lake import arguments, fail, read_json, write_json, write_outputs
from regression import mean_absolute_error
from train import content_id


def published_before(lake, day):
    """The latest publication of an earlier day, or None."""
    folder = lake.publication(day).parent
    earlier = sorted(path for path in folder.glob("dt=*.json") if path.name < lake.publication(day).name)
    return read_json(earlier[-1]) if earlier else None


def weights_of(model):
    return [model["intercept"], *model["weights"]]


def verdict(candidate_mae, baseline_mae, champion_mae, min_gain_min):
    """(better, reason). champion_mae is None where nothing was published."""
    rivals = [("the baseline", baseline_mae)]
    if champion_mae is not None:
        rivals.append(("the published model", champion_mae))
    for name, mae in rivals:
        gain = mae - candidate_mae
        if gain <= 0:
            return False, f"{-gain:.2f} min worse than {name}"
        if gain <= min_gain_min:
            return False, f"only {gain:.2f} min better than {name}, more than {min_gain_min:g} are asked for"
    return True, " and ".join(f"{mae - candidate_mae:.2f} min better than {name}" for name, mae in rivals)


def main(argv=None):
    parser = arguments(__doc__)
    parser.add_argument("--min-gain-min", type=float, default=float(os.environ.get("MIN_GAIN_MIN", "0")))
    options = parser.parse_args(argv)
    lake, day = options.lake, options.day

    model = read_json(lake.candidate(day, "model.json"))
    past, rows = read_features(lake, day)
    past_delays = [row["delay_min"] for past_day in past for row in read_silver(lake, past_day)]
    baseline_min = statistics.median(past_delays)
    candidate_mae = mean_absolute_error(weights_of(model), rows[day])
    baseline_mae = sum(abs(delay - baseline_min) for _, delay in rows[day]) / len(rows[day])
    champion, champion_mae = published_before(lake, day), None
    if champion:
        published = read_json(lake.model(champion["model_id"]))
        if published["features"] != FEATURES:
            fail(f"model {champion['model_id']} of {champion['day']} has other features; retire it first")
        champion_mae = mean_absolute_error(weights_of(published), rows[day])
    better, reason = verdict(candidate_mae, baseline_mae, champion_mae, options.min_gain_min)

    write_json(lake.candidate(day, "evaluation.json"), {
        "day": day, "flights": len(rows[day]), "model_id": content_id(model),
        "loss": model["loss"], "penalty": model["penalty"],
        "past_days": len(past), "past_flights": len(past_delays),
        "mae_min": round(candidate_mae, 6), "baseline_mae_min": round(baseline_mae, 6), "baseline_min": baseline_min,
        "champion": champion and {"model_id": champion["model_id"], "day": champion["day"],
                                  "mae_min": round(champion_mae, 6)},
        "better": better, "reason": reason})
    print(f"candidate {candidate_mae:.2f}, baseline {baseline_mae:.2f}, published before "
          f"{'none' if champion is None else format(champion_mae, '.2f')} -> {reason}")
    write_outputs({"mae_min": candidate_mae, "baseline_mae_min": baseline_mae, "better": better, "reason": reason})


if __name__ == "__main__":
    main()
