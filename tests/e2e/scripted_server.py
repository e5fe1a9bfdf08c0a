"""The wire of the scripted registry: HTTP/1.1 and, over TLS, HTTP/2, with every way to break off."""

import http.server
import socket
import ssl
import struct
import threading
import time

PIECE_BYTES = 128 * 1024
IDLE_SECONDS = 30


class Server:
    """Listens on a free port. `tls`: (certificate, key), an SSLContext, or None."""

    def __init__(self, registry, address, tls, http2, receive_bytes):
        self.registry = registry
        self.http2 = http2
        self.tls = tls if tls is None or isinstance(tls, ssl.SSLContext) else _context(*tls)
        if self.tls:
            self.tls.set_alpn_protocols(["h2", "http/1.1"] if http2 else ["http/1.1"])
        self._listener = _Listener((address, 0), receive_bytes, self)
        self.port = self._listener.server_address[1]
        threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.02},
                         daemon=True).start()

    def close(self):
        self._listener.shutdown()
        self._listener.server_close()


def _context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(certificate), str(key))
    return context


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address, receive_bytes, owner):
        self.owner = owner
        self.receive_bytes = receive_bytes
        super().__init__(address, _Handler)

    def server_bind(self):
        if self.receive_bytes:  # so that little is under way when a body stalls
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_bytes)
        super().server_bind()

    def finish_request(self, request, client_address):
        registry = self.owner.registry
        with registry.lock:
            number = registry.connections
            registry.connections += 1
        # The handshake belongs into the connection's own thread: one that hangs must hold up no other.
        if self.owner.tls:
            request.settimeout(20)
            request = self.owner.tls.wrap_socket(request, server_side=True,
                                                 do_handshake_on_connect=False)
            _shake_hands(request)
            registry.client_certificates += 1 if request.getpeercert(True) else 0
        if self.owner.tls and request.selected_alpn_protocol() == "h2":
            Http2(registry, request, number, self.owner.http2).serve()
        else:
            _Handler(request, client_address, self, number)

    def handle_error(self, request, client_address):
        pass  # clients that go away are what is being tested


def _shake_hands(connection):
    try:
        connection.do_handshake()
    except ssl.SSLError:
        # Closed at once, with something unread, the alert would be lost in a reset.
        socket.socket.shutdown(connection, socket.SHUT_WR)
        while socket.socket.recv(connection, 65536):
            pass
        raise


def hang_up(connection, reset):
    try:
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        else:
            connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    # Headers and body leave in one piece: with Nagle's algorithm two would cost 40 ms.
    disable_nagle_algorithm = True
    wbufsize = -1

    def __init__(self, request, client_address, server, number):
        self.number = number
        super().__init__(request, client_address, server)

    def log_message(self, *_):
        pass

    def handle_expect_100(self):
        return True  # sent by _handle() once it is known that the body is wanted

    def _pieces(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while length := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(length)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left > 0:
            piece = self.rfile.read1(min(left, PIECE_BYTES))
            if not piece:
                raise ConnectionError("the body ended early")
            left -= len(piece)
            yield piece

    def _read_body(self, request, scripted):
        """False when the body is to be cut off."""
        midway = scripted.midway if scripted else None
        limit = scripted.read if scripted else None
        for piece in self._pieces():
            if limit is not None and request.length + len(piece) >= limit:
                request.take(piece[:limit - request.length])
                return False
            request.take(piece)
            if midway and request.length >= midway[0]:
                midway, call = None, midway[1]
                call()
        return limit is None

    def _handle(self):
        registry = self.server.owner.registry
        request = make_request(self.command, self.path, self.headers.items(), self.number)
        registry.begin(request)
        scripted = request.scripted
        unread = bool(scripted and (scripted.unread or scripted.raw is not None))
        if not unread:
            if request.headers.get("expect", "").lower() == "100-continue":
                self.send_response_only(100)
                self.end_headers()
                self.wfile.flush()
            try:
                whole = self._read_body(request, scripted)
            except (OSError, ValueError):
                registry.broken(request)
                raise
            if not whole:
                registry.broken(request)
                return self._hang_up(scripted.reset)
        if scripted and scripted.raw is not None:
            return self._send_raw(scripted)
        return self._send(request, registry.answer(request), unread)

    def _send_raw(self, scripted):
        time.sleep(scripted.delay)
        self.wfile.write(scripted.raw)
        self.wfile.flush()
        piece, pause = scripted.drip or (b"", 0)
        while piece:
            self.connection.sendall(piece)
            time.sleep(pause)
        self._hang_up(scripted.reset)

    def _send(self, request, answer, unread):
        time.sleep(answer.delay)
        if answer.cut == -1:
            return self._hang_up(answer.reset)
        request.status = answer.status
        self.send_response_only(answer.status)
        headers = {name.lower() for name in answer.headers}
        for name, value in answer.headers.items():
            self.send_header(name, value)
        bodiless = answer.status < 200 or answer.status in (204, 304)
        if not bodiless and not headers & {"content-length", "transfer-encoding"}:
            self.send_header("Content-Length", str(len(answer.body)))
        if unread:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and not bodiless:
            self.wfile.write(answer.body[:answer.cut])
        self.wfile.flush()
        if answer.cut is not None:
            return self._hang_up(answer.reset)
        self.close_connection = self.close_connection or unread
        return None

    def _hang_up(self, reset):
        self.close_connection = True
        hang_up(self.connection, reset)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle


def _multiple(headers):
    together = {}
    for name, value in headers:
        together.setdefault(name.lower(), []).append(value)
    return {name: ", ".join(values) for name, values in together.items()}


def make_request(method, target, headers, connection, version="1.1"):
    from scripted_registry import Request  # which imports this file
    return Request(method, target, _multiple(headers), b"", connection, version=version)


class Http2:
    """One HTTP/2 connection; streams are answered side by side. mode "closed": no body may come;
    "stuck": no more than the first 64 KiB of it."""

    def __init__(self, registry, connection, number, mode):
        import h2.config  # Debian's python3-h2
        import h2.connection
        import h2.settings
        self.registry = registry
        self.socket = connection
        self.number = number
        self.mode = mode
        self.lock = threading.Condition()
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        if mode == "closed":
            self.h2.local_settings[h2.settings.SettingCodes.INITIAL_WINDOW_SIZE] = 0
        self.requests = {}

    def serve(self):
        with self.lock:
            self.h2.initiate_connection()
            self._flush()
        self.socket.settimeout(IDLE_SECONDS)
        while data := self.socket.recv(PIECE_BYTES):
            with self.lock:
                for event in self.h2.receive_data(data):
                    self._take(event)
                self._flush()
                self.lock.notify_all()

    def _flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def _take(self, event):
        kind = type(event).__name__
        if kind == "RequestReceived":
            pseudo = dict(event.headers)
            headers = [pair for pair in event.headers if not pair[0].startswith(":")]
            request = make_request(pseudo[":method"], pseudo[":path"], headers, self.number, "2")
            self.requests[event.stream_id] = request
            self.registry.begin(request)
            if request.scripted and request.scripted.unread:
                self._start(event.stream_id)
        elif kind == "DataReceived":
            request = self.requests.get(event.stream_id)
            if request:
                request.take(event.data)
                if self.mode != "stuck":
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif kind == "StreamEnded":
            self._start(event.stream_id)
        elif kind == "StreamReset":
            request = self.requests.pop(event.stream_id, None)
            if request:
                self.registry.broken(request)

    def _start(self, stream):
        request = self.requests.pop(stream, None)
        if request:
            threading.Thread(target=self._answer, args=(stream, request), daemon=True).start()

    def _answer(self, stream, request):
        from h2.exceptions import ProtocolError
        scripted = request.scripted
        answer = self.registry.answer(request)
        time.sleep(answer.delay)
        try:
            if scripted and scripted.http2:
                return self._break(stream, scripted.http2)
            if answer.cut == -1:
                return hang_up(self.socket, answer.reset)
            request.status = answer.status
            self._send(stream, request, answer)
            if answer.cut is not None:
                hang_up(self.socket, answer.reset)
        except (OSError, ProtocolError):
            pass  # the client has gone
        return None

    def _break(self, stream, how):
        import h2.errors
        codes = h2.errors.ErrorCodes
        with self.lock:
            if how == "goaway":
                self.h2.close_connection(codes.ENHANCE_YOUR_CALM, last_stream_id=max(stream - 2, 0))
                # Of later ones it says that they were not begun, and libcurl sends them again.
                for request in self.requests.values():
                    self.registry.broken(request)
                self.requests.clear()
            else:
                self.h2.reset_stream(stream, {"refused": codes.REFUSED_STREAM,
                                              "reset": codes.INTERNAL_ERROR}[how])
            self._flush()
        if how == "goaway":
            hang_up(self.socket, False)

    def _send(self, stream, request, answer):
        names = {name.lower() for name in answer.headers}
        headers = [(":status", str(answer.status))]
        headers += [(name.lower(), value) for name, value in answer.headers.items()
                    if name.lower() != "connection"]
        if answer.status not in (204, 304) and "content-length" not in names:
            headers.append(("content-length", str(len(answer.body))))
        body = b"" if request.method == "HEAD" or answer.status in (204, 304) \
            else answer.body[:answer.cut]
        with self.lock:
            self.h2.send_headers(stream, headers, end_stream=not body)
            self._flush()
            while body:
                room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
                if room == 0:
                    if not self.lock.wait(IDLE_SECONDS):
                        return
                    continue
                self.h2.send_data(stream, body[:room], end_stream=len(body) <= room)
                body = body[room:]
                self._flush()
