"""Validates days: rows that break a rule go into quarantine, with their reasons.

A few bad rows are the business of a quarantine. A day with many is a broken delivery, and fails.
"""
import os

from lake import arguments, days_between, fail, read_csv, write_csv, write_json, write_outputs
from rules import REASONS, Rules, read_airports
from source import COLUMNS


def validate(lake, day, airports, max_delay_min):
    """Writes the quarantine and the checks of a day; returns the checks."""
    rules = Rules(day, airports, max_delay_min)
    counts = dict.fromkeys(REASONS, 0)
    bad = []
    rows = read_csv(lake.bronze(day))
    for line, *fields in rows:
        reasons = rules.reasons(fields)
        for reason in reasons:
            counts[reason] += 1
        if reasons:
            bad.append([line, "+".join(reasons), *fields])
    write_csv(lake.quarantine(day), ["line", "reasons", *COLUMNS], bad)
    checks = {"day": day, "rows": len(rows), "quarantined": len(bad), "by_reason": counts}
    write_json(lake.checks(day), checks)
    return checks


def main(argv=None):
    parser = arguments(__doc__, day_range=True)
    parser.add_argument("--airports", default=os.environ.get("AIRPORTS"))
    parser.add_argument("--max-delay-min", type=int, default=int(os.environ.get("MAX_DELAY_MIN", "240")))
    parser.add_argument("--max-bad-share", type=float, default=0.2)
    options = parser.parse_args(argv)

    airports = read_airports(options.airports)
    total = {"rows": 0, "quarantined": 0}
    for day in days_between(options.first, options.last):
        checks = validate(options.lake, day, airports, options.max_delay_min)
        total = {name: total[name] + checks[name] for name in total}
        found = ", ".join(f"{reason} {n}" for reason, n in checks["by_reason"].items() if n)
        if found:
            print(f"::warning::{day}: {checks['quarantined']} of {checks['rows']} rows quarantined ({found})")
        if checks["quarantined"] > options.max_bad_share * checks["rows"]:
            fail(f"{checks['quarantined']} of {checks['rows']} rows of {day} are bad; see {options.lake.quarantine(day)}")
    print(f"{total['rows']} rows, {total['quarantined']} in quarantine")
    write_outputs(total)


if __name__ == "__main__":
    main()
