"""Validate the options of Gowajee's `transcribe/async`.

Source: the parameter table of Gowajee's asynchronous page and its pages on diarization, multichannel, raw audio, words
boosting and multipart. JSON contains real booleans and integers; multipart contains `true` and decimal text, and is for
Pulse only. The JSON format of `refSpeakers` is undocumented, so it is rejected in JSON.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Annotated, Literal, Self, get_args

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from sandbox.forms import NotAForm, Part, read_body, read_form
from sandbox.provider_server import SEEN, Refusal

Model = Literal["pulse", "cosmos", "astro"]
MODELS: tuple[Model, ...] = get_args(Model)

Count = Annotated[int, Field(ge=1)]


class Order(BaseModel):
    """The documented options of one job, without `audioData`."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, strict=True)

    get_speaking_rate: bool = False
    get_word_timestamps: bool = False
    boost_word_list: list[Annotated[str, Field(min_length=1)]] = Field(default_factory=list)
    boost_score: Annotated[int, Field(ge=1, le=20)] | None = None
    multichannels: bool = False
    diarization: bool = False
    num_speakers: Count | None = None
    min_speakers: Count | None = None
    max_speakers: Count | None = None
    sample_rate: Annotated[int, Field(ge=8_000, le=48_000)] | None = None
    sample_width: Literal[1, 2] | None = None
    channels: Count | None = None

    @property
    def raw(self) -> bool:
        """Return whether the audio is samples without a header."""
        return self.sample_rate is not None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        pair = (self.min_speakers, self.max_speakers)
        if None not in pair and (self.min_speakers or 0) > (self.max_speakers or 0):
            raise ValueError("minSpeakers is above maxSpeakers")
        if (pair[0] is None) != (pair[1] is None) or (self.num_speakers is not None and pair[0] is not None):
            raise ValueError("numSpeakers, or both minSpeakers and maxSpeakers, or neither")
        if not self.diarization and (self.num_speakers, *pair) != (None, None, None):
            raise ValueError("numbers of speakers need diarization")
        if self.diarization and self.multichannels:
            raise ValueError("multichannels and diarization exclude each other")
        if self.boost_score is not None and not self.boost_word_list:
            raise ValueError("boostScore says how strongly boostWordList counts")
        if len({value is None for value in (self.sample_rate, self.sample_width, self.channels)}) > 1:
            raise ValueError("raw audio needs sampleRate, sampleWidth and channels")
        return self


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One accepted request; `audio` is the bytes of the recording, or the address to download it from."""

    order: Order
    audio: bytes | str
    voices: tuple[str, ...] = ()


def refuse(status: int, message: str) -> Refusal:
    """Return a refusal with a message.

    Gowajee documents neither codes nor bodies of its errors, so this is invented.
    """
    return Refusal(status, body=json.dumps({"message": message}).encode())


async def read_request(request: web.Request, *, model: Model, limit: int) -> Request:
    """Validate the body of a submission of at most `limit` bytes, and reject anything undocumented."""
    match request.content_type:
        case "application/json":
            accepted = _from_json(request, await read_body(request, limit=limit))
        case "multipart/form-data" if model == "pulse":
            try:
                accepted = _from_parts(await read_form(request, limit=limit))
            except NotAForm:
                raise refuse(400, "the form is broken") from None
        case kind:
            raise refuse(400, f"{model} takes no {kind}")
    _check_model(accepted.order, model)
    return accepted


def _check_model(order: Order, model: Model) -> None:
    if order.get_word_timestamps and model != "pulse":
        raise refuse(400, "getWordTimestamps is for pulse only")
    if (order.boost_word_list or order.boost_score is not None) and model == "astro":
        raise refuse(400, "boosting is for pulse and cosmos only")


def _from_json(request: web.Request, body: bytes) -> Request:
    try:
        values = json.loads(body)
    except ValueError:
        raise refuse(400, "the body is not JSON") from None
    if not isinstance(values, dict) or None in values.values():
        raise refuse(400, "the body is an object without nulls")
    request[SEEN].fields.extend(values)
    audio = values.pop("audioData", None)
    if not isinstance(audio, str) or not audio:
        raise refuse(400, "audioData is required, as text")
    return Request(order=_order(values), audio=_decoded(audio))


def _decoded(audio: str) -> bytes | str:
    if audio.startswith(("http://", "https://")):
        return audio
    try:
        return base64.b64decode(audio, validate=True)
    except (binascii.Error, ValueError):
        raise refuse(400, "audioData is neither base64 nor an address") from None


def _from_parts(parts: list[Part]) -> Request:
    audio = [part.content for part in parts if part.name == "audioData" and part.filename is not None]
    voices = tuple(part.filename for part in parts if part.name == "refSpeakers" and part.filename is not None)
    plain = {part.name: part.text for part in parts if part.filename is None}
    if len(audio) != 1 or not audio[0] or len(plain) + len(voices) + 1 != len(parts):
        raise refuse(400, "one audioData file is required; no other field is a file or comes twice")
    order = _order({name: _typed(name, text) for name, text in plain.items()})
    if voices and not order.diarization:
        raise refuse(400, "refSpeakers are for diarization")
    return Request(order=order, audio=audio[0], voices=voices)


def _typed(name: str, text: str) -> object:
    if name == "boostWordList":
        return text.split(",")
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if text.isdecimal() else text


def _order(values: dict[str, object]) -> Order:
    try:
        return Order.model_validate(values)
    except ValidationError as error:
        raise refuse(400, "; ".join(f"{item['loc']}: {item['msg']}" for item in error.errors())) from None
