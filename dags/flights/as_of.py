"""Counts and sums of delays by one key, as of each morning.

A row of the result says: up to the end of the day before `day`, `value` had so many flights with so many minutes of
delay together. The day itself is never in it. This is the only way in which delays reach the features, so nothing
downstream can look ahead.
"""
from clean import read_silver
from lake import arguments, read_csv, read_json, write_csv, write_outputs

COLUMNS = ["day", "value", "flights", "delay_sum_min"]
KEYS = ["network", "origin", "destination", "hour", "weekday"]


def as_of(days, delays_of_day):
    """Rows (day, value, flights, sum) for each of the days, from the days strictly before it.

    delays_of_day(day) gives (value, delay) pairs. It is never asked for the last day.
    """
    totals = {}
    rows = []
    for day in days:
        rows += [(day, value, *totals[value]) for value in sorted(totals)]
        if day == days[-1]:
            break
        for value, delay in delays_of_day(day):
            flights, minutes = totals.get(value, (0, 0))
            totals[value] = (flights + 1, minutes + delay)
    return rows


def read_as_of(lake, day, key):
    """(day, value) -> (flights, sum of delays), as of each morning up to that of `day`."""
    rows = read_csv(lake.features(day, f"by-{key}.csv"))
    return {(morning, value): (int(flights), int(minutes)) for morning, value, flights, minutes in rows}


def main(argv=None):
    parser = arguments(__doc__)
    parser.add_argument("--key", choices=KEYS, required=True)
    options = parser.parse_args(argv)

    def delays_of_day(day):
        for row in read_silver(options.lake, day):
            yield str(row.get(options.key, "all")), row["delay_min"]

    plan = read_json(options.lake.features(options.day, "plan.json"))
    rows = as_of([*plan["past"], options.day], delays_of_day)
    write_csv(options.lake.features(options.day, f"by-{options.key}.csv"), COLUMNS, rows)
    values = len({value for _, value, _, _ in rows})
    print(f"{options.key}: {values} values on {len(plan['past'])} past days")
    write_outputs({"values": values})


if __name__ == "__main__":
    main()
