"""Ports that are handed out before their server starts: nobody else gets them in the meantime."""

from __future__ import annotations

import socket
import subprocess
import sys

from sandbox.ports import RANGE, free_port

MANY = 200


def test_a_port_is_handed_out_once() -> None:
    ports = [free_port() for _ in range(MANY)]

    assert len(set(ports)) == MANY


def test_a_server_can_listen_on_it() -> None:
    with socket.create_server(("127.0.0.1", free_port())):
        pass


def test_another_process_does_not_get_it_while_this_one_lives() -> None:
    ours = free_port()
    others = f"import sandbox.ports as p; p.RANGE = range({ours}, {ours + 1}); p.free_port()"

    ended = subprocess.run([sys.executable, "-c", others], check=False, capture_output=True, text=True)  # noqa: S603

    assert ended.stderr.strip().endswith("OSError: every port is taken")


def test_a_port_where_somebody_listens_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        taken = server.getsockname()[1]
        others = f"import sandbox.ports as p; p.RANGE = range({taken}, {taken + 1}); p.free_port()"
        ended = subprocess.run([sys.executable, "-c", others], check=False, capture_output=True, text=True)  # noqa: S603

    assert ended.returncode != 0


def test_outgoing_connections_are_not_given_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as outgoing:
        assert outgoing.getsockname()[1] not in RANGE
