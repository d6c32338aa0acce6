"""A receiver of OpenLineage: takes events over HTTP, refuses what the standard does not know, keeps each once.

    python3 -m lineage_audit.receiver FOLDER PORT

An event is read into the classes that OpenLineage generates from its published schema (openlineage-python): a field that
the standard demands and that is missing, one of another type, or an unknown word for a state is answered with 400 and
the reason. `GET /api/v1/events` gives all of them, oldest first.
"""
import enum
import http.server
import json
import pathlib
import sqlite3
import sys
import types
import typing
import uuid

import attr
from openlineage.client import event_v2, facet_v2

FACETS = {"columnLineage": facet_v2.column_lineage_dataset.ColumnLineageDatasetFacet}
SCHEMA = """CREATE TABLE IF NOT EXISTS event (number INTEGER PRIMARY KEY, run TEXT, kind TEXT, event TEXT,
                                              UNIQUE (run, kind))"""


def read(type_, value, place):
    """A value as the type that the standard gives it; ValueError names the place where it is something else."""
    origin, inner = typing.get_origin(type_), typing.get_args(type_)
    if type_ in (typing.Any, object):
        return value
    if origin in (typing.Union, types.UnionType):
        return None if value is None else read(next(kind for kind in inner if kind is not type(None)), value, place)
    if origin is list:
        return [read(inner[0], one, f"{place}[{n}]") for n, one in enumerate(of(list, value, place))]
    if origin is dict:
        return {key: read(FACETS.get(key, inner[1]), one, f"{place}.{key}") for key, one in of(dict, value, place).items()}
    if attr.has(type_):
        return read_object(type_, of(dict, value, place), place)
    if isinstance(type_, type) and issubclass(type_, enum.Enum):
        if value not in {member.value for member in type_}:
            raise ValueError(f"{place} is {value!r}")
        return type_(value)
    return of(float if type_ is float and not isinstance(value, int) else type_, value, place)


def read_object(type_, value, place):
    hints, known = typing.get_type_hints(type_), {}
    for field in attr.fields(type_):
        if field.name in value and field.init:
            known[field.alias] = read(hints[field.name], value[field.name], f"{place}.{field.name}")
        elif field.default is attr.NOTHING or field.name in ("producer", "_producer", "schemaURL", "_schemaURL"):
            if field.name not in value:
                raise ValueError(f"{place}.{field.name} is missing")
    return type_(**known)


def of(type_, value, place):
    if not isinstance(value, type_):
        raise ValueError(f"{place} is no {type_.__name__}")
    return value


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        try:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            event = read(event_v2.RunEvent, told, "event")
            uuid.UUID(event.run.runId)
        except (ValueError, TypeError, KeyError) as error:
            return self.answer(400, {"error": str(error)})
        with self.books() as db:
            db.execute("INSERT OR IGNORE INTO event (run, kind, event) VALUES (?, ?, ?)",
                       (event.run.runId, event.eventType.value, json.dumps(told)))
        return self.answer(201, {})

    def do_GET(self):
        if self.path != "/api/v1/events":
            return self.answer(200, {})
        return self.answer(200, [json.loads(event) for event, in self.books().execute(
            "SELECT event FROM event ORDER BY number")])

    def books(self):
        db = sqlite3.connect(self.server.folder / "events.sqlite", timeout=30)
        db.execute(SCHEMA)
        return db

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Receiver)
    server.folder = pathlib.Path(sys.argv[1])
    server.serve_forever()
