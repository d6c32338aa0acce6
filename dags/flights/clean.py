"""Cleans days: what is not in quarantine becomes silver, typed and with hour and weekday."""
import datetime

from lake import arguments, days_between, read_csv, write_csv, write_outputs
from rules import parse

COLUMNS = ["departure", "origin", "destination", "hour", "weekday", "distance_miles", "delay_min"]


def clean(lake, day):
    """Writes the silver rows of a day; returns how many."""
    quarantined = {line for line, *_ in read_csv(lake.quarantine(day))}
    rows = [parse(fields, day) for line, *fields in read_csv(lake.bronze(day)) if line not in quarantined]
    weekday = datetime.date.fromisoformat(day).isoweekday()
    write_csv(lake.silver(day), COLUMNS, ([
        row["departure"], row["origin"], row["destination"], int(row["departure"][11:13]), weekday,
        row["distance_miles"], row["arrival_delay_min"]] for row in rows))
    return len(rows)


def read_silver(lake, day):
    """The silver rows of a day as dicts; numbers are numbers."""
    rows = [dict(zip(COLUMNS, fields)) for fields in read_csv(lake.silver(day))]
    for row in rows:
        for column in ("hour", "weekday", "distance_miles", "delay_min"):
            row[column] = int(row[column])
    return rows


def main(argv=None):
    options = arguments(__doc__, day_range=True).parse_args(argv)
    rows = sum(clean(options.lake, day) for day in days_between(options.first, options.last))
    print(f"{rows} clean rows from {options.first} to {options.last}")
    write_outputs({"rows": rows})


if __name__ == "__main__":
    main()
