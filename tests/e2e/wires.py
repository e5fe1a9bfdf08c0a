"""Servers below HTTP: one that says bytes and no more, one that cuts a connection at a byte."""

import concurrent.futures
import socket
import struct
import threading
import time


class RawServer:
    """Answers every connection with `head`, and then with `piece` until the client goes away."""

    def __init__(self, head, piece=b"", pause=0.0, pieces=10 ** 9):
        self.head, self.piece, self.pause, self.pieces = head, piece, pause, pieces
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.received = []  # of each connection, the beginning
        self.sent = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def oci(self, prefix):
        return f"oci://{self.host}/{prefix}"

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with connection:
            try:
                self.received.append(connection.recv(65536))
                connection.sendall(self.head)
                for _ in range(self.pieces if self.piece else 0):
                    connection.sendall(self.piece)
                    self.sent += len(self.piece)
                    time.sleep(self.pause)
                while connection.recv(65536):
                    pass
            except OSError:
                pass

    def close(self):
        self.listener.close()


class Cutter:
    """In front of a server: resets the connection once so many bytes have gone to the server, or
    have come from it, over all connections; later ones, or all without a limit, are left alone."""

    def __init__(self, port, to_server=None, to_client=None, address="127.0.0.1"):
        self.left = {"server": to_server, "client": to_client}
        self.passed = {"server": 0, "client": 0}
        self.port = port
        self.cut = False
        self.lock = threading.Lock()
        self.listener = socket.create_server((address, 0))
        self.host = f"{address}:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.port))
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink, where in ((client, server, "server"), (server, client, "client")):
                threading.Thread(target=self._copy, args=(source, sink, where), daemon=True).start()

    def _allowed(self, where, data):
        """(what may pass, whether the connection ends with it)"""
        with self.lock:
            left = self.left[where]
            if self.cut or left is None or self.passed[where] + len(data) < left:
                self.passed[where] += len(data)
                return data, False
            self.cut = True
            return data[:left - self.passed[where]], True

    def _copy(self, source, sink, where):
        try:
            while data := source.recv(65536):
                data, last = self._allowed(where, data)
                sink.sendall(data)
                if last:
                    for side in (source, sink):
                        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                        struct.pack("ii", int(where == "client"), 0))
                        side.shutdown(socket.SHUT_RDWR)
                        side.close()
                    return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


def side_by_side(function, items, workers=16):
    """[function(item)] for all items, many at a time; the first failure is raised, with its item."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(function, item): item for item in items}
        results = []
        for future in concurrent.futures.as_completed(futures):
            try:
                results.append(future.result())
            except Exception as error:
                for other in futures:
                    other.cancel()
                raise AssertionError(f"with {futures[future]!r}") from error
    return results
