"""Trains the candidate with the best setting on all past days. Its id is the hash of its content."""
import hashlib
import json
import os

from features import FEATURES, read_features
from lake import arguments, write_json, write_outputs
from regression import fit
from tune import BURN_IN_DAYS


def best_of(trials):
    """The trial with the smallest error; the first of equals, so that the choice is the same every time."""
    return min(trials, key=lambda trial: trial["mae_min"])


def content_id(model):
    return hashlib.sha256(json.dumps(model, sort_keys=True).encode()).hexdigest()[:12]


def main(argv=None):
    parser = arguments(__doc__)
    parser.add_argument("--trials", type=json.loads, default=os.environ.get("TRIALS"),
                        help="JSON list of {loss, penalty, mae_min} (default: $TRIALS)")
    options = parser.parse_args(argv)

    past, rows = read_features(options.lake, options.day)
    best = best_of(options.trials)
    usable = past[BURN_IN_DAYS:]
    weights = fit([row for day in usable for row in rows.get(day, [])], best["loss"], best["penalty"])
    model = {"features": FEATURES, "intercept": round(weights[0], 9), "weights": [round(w, 9) for w in weights[1:]],
             "loss": best["loss"], "penalty": best["penalty"], "trained_from": usable[0], "trained_to": usable[-1]}
    model_id = content_id(model)
    write_json(options.lake.candidate(options.day, "model.json"), model)
    print(f"model {model_id}: {best['loss']} loss, penalty {best['penalty']:g}, {usable[0]} to {usable[-1]}")
    for name, weight in zip(["intercept", *FEATURES], weights):
        print(f"  {name:16} {weight:8.3f}")
    write_outputs({"model_id": model_id})


if __name__ == "__main__":
    main()
