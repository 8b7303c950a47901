"""A bot's server that reads what comes and answers 200 after some seconds, or with 0 never.

    python hanging.py PORT SECONDS
"""

import asyncio
import signal
import sys


async def main(port: int, seconds: float) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(seconds or 1e6)
                # The body of an update is small and has come long since.
                await reader.read(1 << 20)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024)
    await ended.wait()
    server.close()


asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
