"""Every pair of proposals: the record that a reader makes of what a writer wrote, null where it cannot be read."""
import json

from schemas import registry, resolution

SAMPLE = {"id": 7, "item": "x", "cents": 5, "currency": "USD", "coupon": "SPRING", "shop": "s"}

if __name__ == "__main__":
    schemas = json.loads(registry.PROPOSALS.read_text())
    verdicts = {}
    for written, writer in schemas.items():
        record = {field["name"]: str(SAMPLE[field["name"]]) if field["type"] == "string" else SAMPLE[field["name"]]
                  for field in writer}
        for wanted, reader in schemas.items():
            readable = not resolution.problems(reader, writer)
            verdicts[f"{written} {wanted}"] = resolution.read(reader, writer, record) if readable else None
    print(json.dumps(verdicts))
