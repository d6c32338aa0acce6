"""Avro's schema resolution, for records of primitive fields: what a reader makes of what a writer wrote."""

# To what a written type may be promoted (Avro specification, "Schema Resolution").
PROMOTIONS = {"int": ["int", "long", "double"], "long": ["long", "double"], "double": ["double"],
              "string": ["string"], "null": ["null"], "boolean": ["boolean"]}


def branches(type_):
    return type_ if isinstance(type_, list) else [type_]


def problems(reader, writer):
    """Why records of `writer` cannot be read as `reader`; empty where they can."""
    written = {field["name"]: field for field in writer}
    found = []
    for field in reader:
        if field["name"] not in written:
            if "default" not in field:
                found.append(f"{field['name']} is missing and has no default")
            continue
        for branch in branches(written[field["name"]]["type"]):
            if not set(PROMOTIONS[branch]) & set(branches(field["type"])):
                found.append(f"{field['name']} was {branch}, is {field['type']}")
    return found


def read(reader, writer, record):
    """A record of `writer` as one of `reader`: unknown fields dropped, missing ones by their default."""
    written = {field["name"] for field in writer}
    return {field["name"]: promoted(record[field["name"]], field["type"]) if field["name"] in written
            else field["default"] for field in reader}


def promoted(value, type_):
    return float(value) if branches(type_) == ["double"] else value
