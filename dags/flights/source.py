"""Reads the archive of flights: a gzipped CSV in order of departure."""
import csv
import gzip
import pathlib
import re

from lake import EXIT_TRANSIENT, fail

COLUMNS = ["departure", "origin", "destination", "distance_miles", "arrival_delay_min"]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_days(path):
    """Yields (day, line, fields) for each row; a row is as long as it came, and its fields are unread text.

    A row without a readable date goes with the day of the row before it: that way it ends in quarantine, where
    someone sees it, and is not lost.
    """
    if not pathlib.Path(path).is_file():
        fail(f"there is no {path} yet", EXIT_TRANSIENT)
    day = None
    with gzip.open(path, "rt", newline="") as text:
        rows = csv.reader(text)
        header = next(rows, [])
        if header != COLUMNS:
            fail(f"{path} should begin with the columns {','.join(COLUMNS)}, but has {','.join(header)}")
        for fields in rows:
            date = _DATE.match(fields[0]) if fields else None
            day = date.group() if date else day
            yield day, rows.line_num, fields
