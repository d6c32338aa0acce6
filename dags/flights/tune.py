"""Tries one setting of the model: learns from the older past, and is scored on the last week of it.

The day itself has no part in the choice.
"""
from features import read_features
from lake import arguments, write_outputs
from regression import LOSSES, fit, mean_absolute_error

BURN_IN_DAYS = 3  # the first mornings know too little to learn from
SCORE_DAYS = 7


def split(past):
    """(days to learn from, days to score on), the latter strictly later."""
    usable = past[BURN_IN_DAYS:]
    score = min(SCORE_DAYS, len(usable) // 2)
    return usable[:-score], usable[-score:]


def main(argv=None):
    parser = arguments(__doc__)
    parser.add_argument("--loss", choices=LOSSES, required=True)
    parser.add_argument("--penalty", type=float, required=True)
    options = parser.parse_args(argv)

    past, rows = read_features(options.lake, options.day)
    learn, score = split(past)
    weights = fit([row for day in learn for row in rows.get(day, [])], options.loss, options.penalty)
    mae_min = mean_absolute_error(weights, [row for day in score for row in rows.get(day, [])])
    print(f"{options.loss} loss, penalty {options.penalty:g}: "
          f"{mae_min:.2f} minutes off on {score[0]} to {score[-1]}")
    write_outputs({"loss": options.loss, "penalty": options.penalty, "mae_min": round(mae_min, 6)})


if __name__ == "__main__":
    main()
