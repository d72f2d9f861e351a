"""Specifications of pyiso8583 for a dialect, read from the table of jPOS's field packagers, so that
they are a reading independent of ours. Must not know how the switch describes a dialect.

Values are said as `sekisho message decode -o json` says them: digits as digits, a sign in front of
an amount, binary in upper-case hex, the rest as it is.
"""

import csv
import re

PACKAGER = re.compile(r"IF([AB]?)_(L*)(NUMERIC|NUM|AMOUNT|CHAR|BINARY|BITMAP)")


class Field:
    """One row of the table: how pyiso8583 writes it, and how a value is said."""

    def __init__(self, packager, most, zero):
        family, prefix, self.kind = PACKAGER.fullmatch(packager).groups()
        self.kind = "NUM" if self.kind == "NUMERIC" else self.kind
        self.packed = family == "B"
        self.most = most
        self.least = 0 if prefix else most
        self.spec = {
            "data_enc": "latin-1",
            "len_enc": "bcd" if self.packed else "ascii",
            "len_type": (len(prefix) + 1) // 2 if self.packed else len(prefix),
            "max_len": most,
        }
        if self.kind == "BINARY" and not prefix and not self.packed:
            self.spec.update(max_len=2 * most)
        elif self.kind in ("BINARY", "BITMAP"):
            self.spec.update(data_enc="b")
        elif self.packed and self.kind == "NUM":
            side = "left_pad" if zero == "left" else "right_pad"
            self.spec.update({"data_enc": "b", "len_count": "nibbles", side: "0"})
        elif self.packed and self.kind == "AMOUNT":
            # A sign as a character, then digits in nibbles: to pyiso8583 that is so many bytes.
            self.spec.update(data_enc="b", max_len=1 + (most - 1) // 2)

    def write(self, value):
        """The value as pyiso8583 wants it."""
        if self.packed and self.kind == "AMOUNT":
            return value[:1].encode().hex() + value[1:]
        if self.packed and self.kind == "NUM":
            return value.replace("=", "D")
        return value

    def read(self, value):
        """The value as pyiso8583 gives it."""
        if self.packed and self.kind == "AMOUNT":
            return bytes.fromhex(value[:2]).decode("latin-1") + value[2:]
        if self.packed and self.kind == "NUM":
            return value.replace("D", "=")
        return value


class Dialect:
    """A dialect by the name of its column in the table."""

    def __init__(self, table, name):
        column = name.replace("-", "")
        self.fields = {}
        with open(table, newline="", encoding="ascii") as lines:
            for row in csv.DictReader(lines):
                packager, most = row[column + ".class"], int(row[column + ".length"])
                zero = row[column + ".bcd_zero_nibble"]
                self.fields[int(row["de"])] = Field(packager, most, zero)
        self.spec = {str(number): field.spec for number, field in self.fields.items()}
        mti, bitmap = self.spec.pop("0"), self.spec.pop("1")
        bitmap = dict(bitmap, data_enc="b" if self.fields[0].packed else "ascii")
        self.spec.update(t=mti, p=bitmap, h={**mti, "max_len": 0})
        self.spec["1"] = bitmap
        del self.fields[0], self.fields[1]

    def table(self):
        """What each field takes: kind, fewest and most units."""
        return [
            {"n": number, "kind": field.kind, "least": field.least, "most": field.most}
            for number, field in self.fields.items()
        ]

    def write(self, mti, fields):
        """A message as pyiso8583 wants it."""
        values = {number: self.fields[int(number)].write(value) for number, value in fields.items()}
        return {"t": mti, **values}

    def read(self, decoded):
        """A message as pyiso8583 gives it."""
        numbers = [number for number in decoded if number.isdigit() and number != "1"]
        fields = {number: self.fields[int(number)].read(decoded[number]) for number in numbers}
        return {"mti": decoded["t"], "fields": fields}
