"""Features of every flight of a day and of its past, each as of the morning of its own day.

| feature         | meaning                                                                                |
|-----------------|----------------------------------------------------------------------------------------|
| network_mean    | mean delay of all flights so far                                                       |
| yesterday_gap   | yesterday's mean delay, less network_mean                                              |
| origin_gap …    | mean delay so far from this origin (to this destination, at this hour, on this         |
|                 | weekday), less network_mean; drawn towards 0 where there were few flights              |
| distance, hour  | known from the timetable, scaled to about one                                          |
"""
from as_of import KEYS, read_as_of
from clean import read_silver
from lake import arguments, read_csv, read_json, write_csv, write_outputs

GROUPS = [key for key in KEYS if key != "network"]
FEATURES = ["network_mean", "yesterday_gap", *[f"{key}_gap" for key in GROUPS], "distance", "hour"]
COLUMNS = ["day", "delay_min", *FEATURES]

# A group counts as if it had this many more flights, with the delay of the whole network.
SHRINKAGE_FLIGHTS = 20


class Morning:
    """What the statistics say on the morning of a day. It has no access to that day's delays."""

    def __init__(self, statistics, day, day_before):
        self._statistics = statistics
        self._day = day
        flights, minutes = statistics["network"].get((day, "all"), (0, 0))
        earlier_flights, earlier_minutes = statistics["network"].get((day_before, "all"), (0, 0))
        yesterday_flights = flights - earlier_flights
        self.network_mean = minutes / flights if flights else 0.0
        self.yesterday_gap = 0.0
        if yesterday_flights:
            self.yesterday_gap = (minutes - earlier_minutes) / yesterday_flights - self.network_mean

    def gap(self, key, value):
        flights, minutes = self._statistics[key].get((self._day, str(value)), (0, 0))
        return (minutes - flights * self.network_mean) / (flights + SHRINKAGE_FLIGHTS)

    def features(self, row):
        return [self.network_mean, self.yesterday_gap, *[self.gap(key, row[key]) for key in GROUPS],
                row["distance_miles"] / 1000, (row["hour"] - 13) / 6]


def read_features(lake, day):
    """(days, rows): the past days in order, and for each day with features a list of (features, delay)."""
    rows = {}
    for morning, delay, *values in read_csv(lake.features(day, "rows.csv")):
        rows.setdefault(morning, []).append(([float(value) for value in values], int(delay)))
    return read_json(lake.features(day, "plan.json"))["past"], rows


def main(argv=None):
    options = arguments(__doc__).parse_args(argv)
    lake, day = options.lake, options.day

    days = [*read_json(lake.features(day, "plan.json"))["past"], day]
    statistics = {key: read_as_of(lake, day, key) for key in KEYS}
    rows = []
    for day_before, morning in zip([None, *days], days):
        known = Morning(statistics, morning, day_before)
        for row in read_silver(lake, morning):
            rows.append([morning, row["delay_min"], *[f"{value:.6f}" for value in known.features(row)]])
    write_csv(lake.features(day, "rows.csv"), COLUMNS, rows)
    print(f"{len(rows)} flights on {len(days)} days, {len(FEATURES)} features each")
    write_outputs({"rows": len(rows)})


if __name__ == "__main__":
    main()
