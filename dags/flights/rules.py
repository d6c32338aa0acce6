"""The rules that a flight must pass. Pure: fields in, reasons out.

| reason           | catches                                                                     |
|------------------|-----------------------------------------------------------------------------|
| schema           | missing or extra fields, an unreadable time, what is no whole number        |
| unknown_airport  | an origin or destination that the list of airports does not have            |
| distance         | a distance far from the great circle between the two airports               |
| duplicate_flight | departure, origin and destination of a good row further up                  |
| delay_cap        | an arrival more than the cap late: true perhaps, but it would rule the mean |

A row may break several of the last four. A row that breaks the first cannot be asked about the others.
"""
import csv
import datetime
import math
import pathlib

from source import COLUMNS

REASONS = ["schema", "unknown_airport", "distance", "duplicate_flight", "delay_cap"]

EARTH_RADIUS_MILES = 3958.8
# Published distances and the great circle differ by at most 6.2 miles or 0.8 % in this data.
DISTANCE_SLACK_MILES = 10
DISTANCE_SLACK_SHARE = 0.02


def read_airports(path):
    """IATA code -> (latitude, longitude) in degrees."""
    with pathlib.Path(path).open(newline="") as source:
        return {row["iata"]: (float(row["latitude"]), float(row["longitude"])) for row in csv.DictReader(source)}


def great_circle_miles(here, there):
    (lat1, lon1), (lat2, lon2) = [tuple(map(math.radians, point)) for point in (here, there)]
    chord = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_MILES * math.asin(math.sqrt(chord))


def parse(fields, day):
    """The typed row as a dict, or None where the schema is broken."""
    if len(fields) != len(COLUMNS):
        return None
    row = dict(zip(COLUMNS, fields))
    try:
        departure = datetime.datetime.strptime(row["departure"], "%Y-%m-%dT%H:%M:%S")
        row["distance_miles"] = int(row["distance_miles"])
        row["arrival_delay_min"] = int(row["arrival_delay_min"])
    except ValueError:
        return None
    if departure.date().isoformat() != day or row["distance_miles"] <= 0:
        return None
    return row


class Rules:
    """The rules for the rows of one day, asked in the order of the file: duplicates need what came before."""

    def __init__(self, day, airports, max_delay_min):
        self.day = day
        self.airports = airports
        self.max_delay_min = max_delay_min
        self._seen = set()

    def reasons(self, fields):
        """The names of the rules that the row breaks; none for a good row."""
        row = parse(fields, self.day)
        if row is None:
            return ["schema"]
        broken = self._geography(row)
        flight = (row["departure"], row["origin"], row["destination"])
        if flight in self._seen:
            broken.append("duplicate_flight")
        if row["arrival_delay_min"] > self.max_delay_min:
            broken.append("delay_cap")
        if not broken:
            self._seen.add(flight)
        return broken

    def _geography(self, row):
        ends = [self.airports.get(row["origin"]), self.airports.get(row["destination"])]
        if None in ends:
            return ["unknown_airport"]
        true_miles = great_circle_miles(*ends)
        slack = max(DISTANCE_SLACK_MILES, DISTANCE_SLACK_SHARE * true_miles)
        return ["distance"] if abs(row["distance_miles"] - true_miles) > slack else []
