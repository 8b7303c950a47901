"""A bot's server that reads what comes and answers 200 after some seconds, or with 0 never. When it is ended it prints
how many requests it had.

    python hanging.py PORT SECONDS
"""

import asyncio
import signal
import sys


class Connection(asyncio.Protocol):
    """Updates are small: a request has come whole when its head has."""

    requests = 0

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        if not data.startswith(b"POST "):
            return
        Connection.requests += 1
        if SECONDS:
            asyncio.get_running_loop().call_later(
                SECONDS, self._transport.write, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


async def main(port: int) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await loop.create_server(Connection, "127.0.0.1", port, backlog=1024)
    await ended.wait()
    print(Connection.requests)


SECONDS = float(sys.argv[2])
asyncio.run(main(int(sys.argv[1])))
