"""Plans a day: which past days there are to learn from, cut into pieces of a week.

Outputs: past_days, enough (is that enough to learn from?) and weeks, a list of {first, last} for a `for_each`.
Without enough of a past the list is empty: what needs it is skipped, and the report says `no baseline`.
"""
import datetime
import os

from lake import EXIT_USAGE, arguments, days_between, fail, write_json, write_outputs
from source import read_days

MIN_PAST_DAYS = 7


def past_of(day, first_of_source, lookback_days):
    """The days strictly before `day`, at most lookback_days of them, oldest first."""
    yesterday = datetime.date.fromisoformat(day) - datetime.timedelta(days=1)
    oldest = yesterday - datetime.timedelta(days=lookback_days - 1)
    return days_between(max(oldest.isoformat(), first_of_source), yesterday.isoformat())


def weeks_of(days):
    return [{"first": days[i], "last": days[min(i + 7, len(days)) - 1]} for i in range(0, len(days), 7)]


def main(argv=None):
    parser = arguments(__doc__)
    parser.add_argument("--source", default=os.environ.get("SOURCE"))
    parser.add_argument("--lookback-days", type=int, default=42)
    options = parser.parse_args(argv)

    days_of_source = {day for day, _, _ in read_days(options.source) if day}
    first, last = min(days_of_source), max(days_of_source)
    if options.day not in days_of_source:
        fail(f"{options.source} has no flights on {options.day}, only from {first} to {last}; "
             "name a day, as in --interval 2001-02-15", EXIT_USAGE)
    past = past_of(options.day, first, options.lookback_days)
    enough = len(past) >= MIN_PAST_DAYS
    plan = {"day": options.day, "past": past, "min_past_days": MIN_PAST_DAYS, "enough": enough}
    write_json(options.lake.features(options.day, "plan.json"), plan)
    write_outputs({"past_days": len(past), "enough": enough, "weeks": weeks_of(past) if enough else []})
    print(f"{options.day}: {len(past)} past days, {MIN_PAST_DAYS} are needed" + ("" if enough else " -> no baseline"))


if __name__ == "__main__":
    main()
