"""Looks whether the day is unlike its past: is its mean delay within three standard deviations of the daily means?

A strange day is news, not a fault: the task fails to be seen, and the DAG allows it to.
"""
import statistics

from clean import read_silver
from lake import arguments, fail, read_json

LIMIT_DEVIATIONS = 3.0


def mean_delay(lake, day):
    delays = [row["delay_min"] for row in read_silver(lake, day)]
    return statistics.fmean(delays) if delays else None


def main(argv=None):
    options = arguments(__doc__).parse_args(argv)
    past = read_json(options.lake.features(options.day, "plan.json"))["past"]
    means = [mean for mean in (mean_delay(options.lake, day) for day in past) if mean is not None]
    today = mean_delay(options.lake, options.day)
    if today is None or len(means) < 2:
        fail(f"{options.day} cannot be compared with its past")
    usual, deviation = statistics.fmean(means), statistics.stdev(means)
    distance = (today - usual) / deviation
    print(f"mean delay {today:.1f} min; usual are {usual:.1f} ± {deviation:.1f}: {distance:+.1f} deviations")
    if abs(distance) > LIMIT_DEVIATIONS:
        fail(f"{options.day} is {distance:+.1f} deviations from its past, beyond ±{LIMIT_DEVIATIONS:g}")


if __name__ == "__main__":
    main()
