"""A server that returns any number of bytes, and discards what it receives (`python -m benchmarks.origin_and_sink`).

It uses plain sockets in threads, so that its own cost is small. `GET /NUMBER` returns this many bytes; `PUT` and `POST`
are read to the end. It prints its port.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver

BLOCK = bytes(2**20)


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        connection: socket.socket = self.request
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(ConnectionError):
            while request := _head(connection):
                method, path, headers, rest = request
                if method == "GET":
                    _give(connection, int(path.strip("/")))
                else:
                    _take(connection, headers, rest)
                    connection.sendall(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")


def _head(connection: socket.socket) -> tuple[str, str, dict[str, str], bytes] | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65_536)
        if not more:
            return None
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("expect"):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    return method, path, headers, rest


def _give(connection: socket.socket, size: int) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: {size}\r\n\r\n"
    connection.sendall(head.encode())
    while size > 0:
        connection.sendall(BLOCK[:size])
        size -= len(BLOCK)


def _take(connection: socket.socket, headers: dict[str, str], rest: bytes) -> None:
    buffer = bytearray(2**20)
    if "content-length" in headers:
        left = int(headers["content-length"]) - len(rest)
        while left > 0:
            left -= connection.recv_into(buffer) or left
        return
    tail = rest[-5:]  # chunked: the last chunk is empty
    while tail != b"0\r\n\r\n":
        count = connection.recv_into(buffer)
        if not count:
            return
        tail = (tail + bytes(buffer[max(count - 5, 0) : count]))[-5:]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


if __name__ == "__main__":
    with _Server(("127.0.0.1", 0), _Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
