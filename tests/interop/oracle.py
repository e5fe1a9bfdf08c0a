"""Long-lived processes that answer what Helm, or our code, makes of charts.

The protocol is described in helm/main.go. Requests are pipelined: one thread writes while the
caller reads.
"""

import contextlib
import json
import os
import queue
import shutil
import struct
import subprocess
import tempfile
import threading


class Oracle:
    """One process that answers jobs. Use it as a context manager."""

    def __init__(self, program, **defaults):
        self.defaults = defaults
        self._pending = 0  # asked and not yet received
        self._home = tempfile.mkdtemp(prefix="interop-", dir=memory())
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**_sanitizer_options(), "HOME": self._home, "TMPDIR": self._home, "TZ": "UTC",
                 "PATH": "/usr/bin:/bin", "GOGC": "400"})
        self._requests = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the process, which has to end well if every answer was received."""
        if self._pending:
            self._process.kill()
        self._requests.put(None)
        self._writer.join()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        status = self._process.wait(timeout=60)
        self._process.stdout.close()
        shutil.rmtree(self._home, ignore_errors=True)
        assert self._pending or status == 0, f"{self._process.args}: exit status {status}"

    def send(self, body=b"", **job):
        """Asks without waiting for the answer, which receive() gives in the same order."""
        head = json.dumps({**self.defaults, **job}).encode()
        self._pending += 1
        self._requests.put(_frame(head) + _frame(body))

    def receive(self):
        """(answer, body) of the oldest job that has not been received."""
        head = json.loads(self._read_frame())
        body = self._read_frame()
        self._pending -= 1
        return head, body

    def ask(self, body=b"", **job):
        self.send(body, **job)
        return self.receive()

    def _write(self):
        try:
            while (request := self._requests.get()) is not None:
                self._process.stdin.write(request)
                if self._requests.empty():
                    self._process.stdin.flush()
        except BrokenPipeError:
            pass  # whoever reads finds out, with the exit status

    def _read_frame(self):
        length = self._process.stdout.read(4)
        if len(length) != 4:
            raise RuntimeError(f"{self._process.args}: ended, status {self._process.wait()}")
        size = struct.unpack(">I", length)[0]
        return self._process.stdout.read(size)


def _frame(content):
    return struct.pack(">I", len(content)) + content


def memory():
    """A directory that is not on a disk, or None."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _sanitizer_options():
    return {name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS")
            if name in os.environ}
