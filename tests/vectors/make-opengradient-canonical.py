"""Writes opengradient/canonical.json: JSON texts, and what Python's json.dumps(..., sort_keys=True) makes of them."""

import json
import pathlib
import random
import struct
import sys

rng = random.Random(7)
STRANGE = "\"\\/\b\f\n\r\t\x01\x1f\x7f\x80éßŁ世\u2028\ufeff\uff21\ud83d\ude80🚀😀az09 "


def number():
    kind = rng.randrange(5)
    if kind == 0:
        return str(rng.randrange(-(10**rng.randrange(1, 30)), 10 ** rng.randrange(1, 30)))
    if kind == 1:
        while True:
            value = struct.unpack("<d", rng.randbytes(8))[0]
            if value == value and abs(value) != float("inf"):
                return repr(value)
    if kind == 2:
        return f"{rng.uniform(-2, 2):.{rng.randrange(1, 25)}f}"
    if kind == 3:
        return f"{rng.randrange(1, 10**rng.randrange(1, 20))}{rng.choice('eE')}{rng.choice(['', '+', '-'])}{rng.randrange(0, 25):02}"
    return rng.choice(["0", "-0", "0.0", "-0.0", "1.0", "100.0", "1e0", "0.00001", "0.0001", "9999999999999998.0", "1e16", "1E-07"])


def string():
    text = "".join(rng.choice(STRANGE) for _ in range(rng.randrange(8)))
    if rng.random() < 0.5:
        return json.dumps(text)
    # Raw text cannot hold half a surrogate pair.
    return json.dumps(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), ensure_ascii=False)


def space():
    return rng.choice(["", "", " ", "\n\t"])


def value(depth):
    kind = rng.randrange(4 if depth == 0 else 6)
    if kind == 0:
        return number()
    if kind == 1:
        return string()
    if kind == 2:
        return rng.choice(["true", "false", "null"])
    if kind == 3:
        return number()
    items = range(rng.randrange(6))
    if kind == 4:
        return "[" + space() + ",".join(space() + value(depth - 1) + space() for _ in items) + "]"
    return "{" + space() + ",".join(space() + string() + space() + ":" + space() + value(depth - 1) for _ in items) + "}"


texts = [value(4 if i % 2 else 0) for i in range(400)]
cases = [{"text": text, "canonical": json.dumps(json.loads(text), sort_keys=True)} for text in texts]
out = {"source": f"CPython {sys.version.split()[0]}, json.dumps(json.loads(text), sort_keys=True)", "cases": cases}
path = pathlib.Path(__file__).parent / "opengradient" / "canonical.json"
path.write_text(json.dumps(out, indent=1) + "\n")
