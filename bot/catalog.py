"""Makes the transcribers, by name, from the settings. docs/adding-a-provider.md says what a new one needs here.

Each is imported where it is made: one that is not set up costs nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from bot.settings.model import Settings, SettingsProblem
from bot.web.hosting import Hosting
from transcription.apart import Apart
from transcription.gowajee.options import GowajeeOptions
from transcription.transcriber import Transcriber

if TYPE_CHECKING:
    import httpx


@asynccontextmanager
async def open_transcribers(
    settings: Settings, *, clock: Callable[[], datetime], apart: Apart | None = None
) -> AsyncIterator[dict[str, Transcriber]]:
    """Make every transcriber that is set up; at the end close them and the providers' HTTP client.

    `apart` parses large answers, here in an `Apart` of their own if there is none.
    Every one is made, because a job finishes with the transcriber that it began with. Raises `SettingsProblem`.
    """
    async with AsyncExitStack() as stack:
        made: dict[str, Transcriber] = {"embedded": _embedded(settings)}
        if settings.botlhale_org_id or settings.gowajee_api_key:
            from bot.provider_client import new_client

            made |= make_providers(
                settings, client=await stack.enter_async_context(new_client()), clock=clock, apart=apart or Apart()
            )
        for transcriber in made.values():
            stack.push_async_callback(transcriber.close)
        yield made


def make_providers(
    settings: Settings, *, client: httpx.AsyncClient, clock: Callable[[], datetime], apart: Apart | None = None
) -> dict[str, Transcriber]:
    """Make the transcriber of every provider that is set up. Raises `SettingsProblem`."""
    made = {
        "botlhale": _botlhale(settings, client=client, clock=clock, apart=apart),
        "gowajee": _gowajee(settings, client=client, apart=apart),
    }
    return {name: transcriber for name, transcriber in made.items() if transcriber is not None}


def _embedded(settings: Settings) -> Transcriber:
    from transcription.embedded.local_model import LocalModel
    from transcription.embedded.transcriber import Embedded
    from transcription.models.errors import UnknownModel
    from transcription.models.store import ModelStore

    store = ModelStore(settings.embedded_models_directory)
    try:
        return Embedded(
            speakers=settings.speakers,
            language=settings.embedded_language,
            processes=settings.embedded_processes,
            model=LocalModel(store, configured=settings.embedded_model, threads=settings.embedded_threads),
        )
    except UnknownModel as error:
        raise SettingsProblem([f"EMBEDDED_MODEL: {error}"]) from None


def _botlhale(
    settings: Settings, *, client: httpx.AsyncClient, clock: Callable[[], datetime], apart: Apart | None
) -> Transcriber | None:
    if not (settings.botlhale_org_id and settings.botlhale_refresh_token):
        return None
    from transcription.botlhale.transcriber import Botlhale

    return Botlhale(
        client=client,
        base_url=settings.botlhale_base_url,
        org_id=settings.botlhale_org_id,
        refresh_token=settings.botlhale_refresh_token.get_secret_value(),
        dialect=settings.botlhale_dialect,
        language=settings.botlhale_language,
        diarization=settings.botlhale_diarization,
        result_path=settings.botlhale_result_path,
        token_path=settings.botlhale_token_path,
        encoding=settings.botlhale_form_encoding,
        bare_names=settings.botlhale_bare_names,
        clock=clock,
        apart=apart,
    )


def _gowajee(settings: Settings, *, client: httpx.AsyncClient, apart: Apart | None) -> Transcriber | None:
    key, webhook_ids = settings.gowajee_api_key, settings.gowajee_webhook_id
    if not (key and webhook_ids and settings.gowajee_webhook_token):
        return None
    from transcription.gowajee.transcriber import Gowajee

    hosting = make_hosting(settings)
    try:
        return Gowajee(
            client=client,
            base_url=settings.gowajee_base_url,
            api_key=key.get_secret_value(),
            model=settings.gowajee_model,
            webhook_ids=webhook_ids,
            webhook_tokens=[token.get_secret_value() for token in settings.gowajee_webhook_token],
            options=gowajee_options(settings),
            largest_inline=settings.gowajee_largest_inline,
            host=hosting.address if hosting else None,
            status_path=settings.gowajee_status_path,
            results=settings.gowajee_results,
            apart=apart,
        )
    except ValueError as error:
        raise SettingsProblem([f"GOWAJEE settings do not go together: {error}"]) from None


def gowajee_options(settings: Settings) -> GowajeeOptions:
    """Return Gowajee's options from the settings. Raises `ValueError` naming those that exclude each other."""
    folder = settings.gowajee_reference_speakers
    separate = settings.gowajee_diarization
    voices = {path.stem: path for path in sorted(folder.iterdir()) if path.is_file()} if folder else {}
    return GowajeeOptions(
        diarization=separate,
        num_speakers=settings.speakers if separate else None,
        min_speakers=settings.min_speakers if separate else None,
        max_speakers=settings.max_speakers if separate else None,
        speaking_rate=settings.gowajee_speaking_rate,
        word_timestamps=settings.gowajee_word_timestamps,
        boost_words=settings.gowajee_boost_words,
        boost_score=settings.gowajee_boost_score,
        multichannels=settings.gowajee_multichannels,
        sample_rate=settings.gowajee_sample_rate,
        sample_width=settings.gowajee_sample_width,
        channels=settings.gowajee_channels,
        reference_speakers=voices,
    )


def make_hosting(settings: Settings) -> Hosting | None:
    """Return the hosting of recordings; None without a public address or a provider that downloads from it."""
    if settings.public_url is None or settings.gowajee_api_key is None:
        return None
    secret = settings.gowajee_api_key.get_secret_value()
    return Hosting(public_url=settings.public_url, secret=secret, folder=settings.spool)
