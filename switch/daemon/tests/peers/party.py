"""A partner of the switch that speaks by pyiso8583: what comes in on stdin as JSON goes out on its
link, what comes in on its link goes to stdout as JSON. Decides nothing itself.

    party.py TABLE DIALECT FRAMING listen
    party.py TABLE DIALECT FRAMING PORT

Lines of stdin: {"mti": "1200", "fields": {"2": "...", ...}}; its end is the end of the program.
Lines of stdout: {"fields": [{"n", "kind", "least", "most"}, ...]} and {"port": N} once,
{"link": "up" | "down"}, {"heard": {"mti": ..., "fields": ...}}, and {"wrong": "..."}.
"""

import json
import os
import socket
import sys
import threading

import iso8583

from specs import Dialect

FRAMINGS = {
    "bin2": (2, lambda length: length.to_bytes(2, "big"), lambda head: int.from_bytes(head, "big")),
    "ascii4": (4, lambda length: b"%04d" % length, int),
}


def tell(**event):
    """One line of stdout, from any thread."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


class Party:
    """A dialect, a framing, and the link that is up."""

    def __init__(self, table, dialect, framing):
        self.dialect = Dialect(table, dialect)
        self.head, self.prefix, self.length = FRAMINGS[framing]
        self.link = None

    def hears(self):
        """Reads the link until its end."""
        stream = self.link.makefile("rb")
        while head := stream.read(self.head):
            message = stream.read(self.length(head))
            decoded, _ = iso8583.decode(message, self.dialect.spec)
            tell(heard=self.dialect.read(decoded))

    def says(self, line):
        """Sends what a line of JSON says."""
        said = json.loads(line)
        message, _ = iso8583.encode(self.dialect.write(said["mti"], said["fields"]), self.dialect.spec)
        self.link.sendall(self.prefix(len(message)) + message)

    def obeys(self):
        """Says what stdin asks for, and ends the program with it."""
        try:
            for line in sys.stdin:
                self.says(line)
        except Exception as error:  # pylint: disable=broad-except
            tell(wrong=f"could not send {line.strip()}: {error!r}")
        os._exit(0)

    def serves(self, link):
        """One link, from its first byte to its end."""
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link = link
        tell(link="up")
        try:
            self.hears()
        except ConnectionError:
            pass
        except Exception as error:  # pylint: disable=broad-except
            tell(wrong=f"could not read: {error!r}")
        tell(link="down")


def main(table, dialect, framing, place):
    """Speaks until stdin ends."""
    party = Party(table, dialect, framing)
    tell(fields=party.dialect.table())
    threading.Thread(target=party.obeys, daemon=True).start()
    if place == "listen":
        with socket.create_server(("127.0.0.1", 0)) as listener:
            tell(port=listener.getsockname()[1])
            while True:
                party.serves(listener.accept()[0])
    party.serves(socket.create_connection(("127.0.0.1", int(place))))
    # The reader of stdin ends the program.
    threading.Event().wait()


main(*sys.argv[1:])
