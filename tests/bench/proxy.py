"""A TCP proxy on the loopback that counts what passes, and can delay it as a long line would.

The delay is half a round trip for every piece in each direction, and one round trip more for the
handshake of each connection. Slow start and loss are not imitated.
"""

import asyncio
import threading


class Proxy:
    def __init__(self, port, round_trip_s=0.0):
        self.target = port
        self.half = round_trip_s / 2
        self.connections = self.sent_bytes = self.received_bytes = 0
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        started.wait()

    def _serve(self, started):
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._connection, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()

    def stop(self):
        async def end():
            self._server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def forget(self):
        self.connections = self.sent_bytes = self.received_bytes = 0

    async def _connection(self, reader, writer):
        self.connections += 1
        if self.half:
            await asyncio.sleep(2 * self.half)
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            await asyncio.gather(self._pass_on(reader, upstream_writer, True),
                                 self._pass_on(upstream_reader, writer, False))
        except asyncio.CancelledError:  # by stop(); a client keeps its connection until then
            upstream_writer.close()
            writer.close()

    async def _pass_on(self, reader, writer, is_sent):
        """Pieces keep their order and each leaves half a round trip after it came."""
        queue = asyncio.Queue(maxsize=0)

        async def deliver():
            while True:
                due, piece = await queue.get()
                if self.half:
                    await asyncio.sleep(max(0.0, due - self._loop.time()))
                if not piece:
                    break
                writer.write(piece)
                await writer.drain()
            writer.close()

        delivery = asyncio.ensure_future(deliver())
        try:
            while True:
                piece = await reader.read(1 << 18)
                if is_sent:
                    self.sent_bytes += len(piece)
                else:
                    self.received_bytes += len(piece)
                queue.put_nowait((self._loop.time() + self.half, piece))
                if not piece:
                    break
            await delivery
        except OSError:
            delivery.cancel()
            writer.close()
