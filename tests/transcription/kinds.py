"""One recording of every suffix that counts as one: made with PyAV, or committed where it cannot make it."""

from __future__ import annotations

from pathlib import Path

from tests.transcription.recordings import Kind, encode

COMMITTED = Path(__file__).parent / "samples" / "kinds"
"""The tone of `recordings.voice`, 2 s: AMR-WB and Speex, for which FFmpeg's wheel has no encoder."""

SECONDS = 2.0
ROUGH = frozenset({"awb", "spx", "amr", "3gp", "3gpp"})
"""Speech coding keeps what is said, not the waveform."""

_CONTAINERS = {
    "m4b": "ipod",
    "m4a": "ipod",
    "m4v": "mp4",
    "f4a": "mp4",
    "f4v": "mp4",
    "3gp2": "3g2",
    "3ga": "3gp",
    "3gpp": "3gp",
    "qt": "mov",
    "qta": "mov",
    "mpa": "mp2",
    "mpga": "mp3",
    "mpeg": "mpeg",
    "m2p": "mpeg",
    "adts": "adts",
    "aac": "adts",
    "mts": "mpegts",
    "m2t": "mpegts",
    "ts": "mpegts",
    "m2ts": "mpegts",
    "snd": "au",
    "ec3": "eac3",
    "aif": "aiff",
    "aifc": "aiff",
    "aiffc": "aiff",
    "wave": "wav",
    "bwf": "wav",
    "rf64": "wav",
    "weba": "webm",
    "mka": "matroska",
    "ogx": "ogg",
    "wma": "asf",
    "wmv": "asf",
}


def _kind(suffix: str, codec: str, **more: object) -> Kind:
    return Kind(suffix=f".{suffix}", codec=codec, container=_CONTAINERS.get(suffix), **more)  # type: ignore[arg-type]


def _of(codec: str, *suffixes: str, **more: object) -> dict[str, Kind]:
    return {suffix: _kind(suffix, codec, **more) for suffix in suffixes}


KINDS: dict[str, Kind] = {
    **_of("aac", "mp4", "m4a", "m4b", "f4a", "f4v", "3g2", "3gp2", "3ga"),
    **_of("aac", "m4v", "mov", "qt", "qta", video="mpeg4"),
    **_of("libopencore_amrnb", "3gp", "3gpp", "amr", rate=8_000, bit_rate=12_200),
    **_of("libmp3lame", "mp3", "mpga"),
    **_of("mp2", "mp2", "mpa"),
    **_of("libopus", "ogg", "oga", "opus", "ogx"),
    **_of("vorbis", "ogv", layout="stereo"),
    **_of("libopus", "weba", "mka"),
    **_of("libopus", "webm", video="libvpx"),
    **_of("aac", "mkv", video="mpeg4"),
    **_of("pcm_s16le", "wav", "wave", "bwf", "w64"),
    **_of("pcm_s24le", "rf64", options={"rf64": "always"}),
    **_of("flac", "flac"),
    **_of("aac", "aac", "adts"),
    **_of("wmav2", "wma", "asf", rate=44_100, bit_rate=64_000),
    **_of("wmav2", "wmv", rate=44_100, bit_rate=64_000, video="wmv2"),
    **_of("pcm_s16be", "caf", "aif", "aiff", "aifc", "aiffc"),
    **_of("libmp3lame", "avi", video="mpeg4"),
    **_of("libmp3lame", "flv", rate=44_100, video="flv1"),
    **_of("mp2", "mpg", "mpeg", "m2p", "vob", video="mpeg1video"),
    **_of("aac", "ts", "m2t", video="mpeg2video"),
    **_of("ac3", "mts", "m2ts", video="mpeg2video", options={"mpegts_m2ts_mode": "1"}),
    **_of("ac3", "ac3"),
    **_of("eac3", "eac3", "ec3"),
    **_of("wavpack", "wv"),
    **_of("tta", "tta"),
    **_of("pcm_s16be", "au", "snd"),
}
SUFFIXES = KINDS.keys() | {path.suffix[1:] for path in COMMITTED.iterdir()}


def example(suffix: str, folder: Path) -> Path:
    """Return a recording with this suffix; one that has to be made is put into the folder."""
    kind = KINDS.get(suffix)
    if kind is None:
        return next(COMMITTED.glob(f"*.{suffix}"))
    return encode(folder / f"recording.{suffix}", kind, seconds=SECONDS)
