"""Ingests days: copies their rows from the archive into bronze, as they came."""
import os

from lake import arguments, days_between, write_csv, write_outputs
from source import COLUMNS, read_days


def main(argv=None):
    parser = arguments(__doc__, day_range=True)
    parser.add_argument("--source", default=os.environ.get("SOURCE"))
    options = parser.parse_args(argv)

    rows = {day: [] for day in days_between(options.first, options.last)}
    for day, line, fields in read_days(options.source):
        if day in rows:
            rows[day].append([line, *fields])
    for day, lines in rows.items():
        write_csv(options.lake.bronze(day), ["line", *COLUMNS], lines)
        print(f"{day}: {len(lines)} rows")
    write_outputs({"rows": sum(map(len, rows.values()))})


if __name__ == "__main__":
    main()
