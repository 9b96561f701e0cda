"""Checks for missing settings and for contradictions; each problem names a setting and says what to do."""

from __future__ import annotations

from bot.settings.model import Settings
from transcription.gowajee.options import SENT, SENT_RATE, SENT_WIDTH


def contradictions(settings: Settings) -> list[str]:
    """Return problems of settings that exclude each other."""
    problems = []
    if (settings.min_speakers is None) != (settings.max_speakers is None):
        problems.append("MIN_SPEAKERS and MAX_SPEAKERS: set both or neither")
    if settings.speakers and settings.min_speakers:
        problems.append("SPEAKERS: set it, or MIN_SPEAKERS and MAX_SPEAKERS, not both")
    if settings.min_speakers and settings.max_speakers and settings.min_speakers > settings.max_speakers:
        problems.append("MIN_SPEAKERS: it is larger than MAX_SPEAKERS")
    return [*problems, *_of_raw_audio(settings), *missing_voices(settings)]


def missing_voices(settings: Settings) -> list[str]:
    """Return a problem if the folder of voices does not exist; `bot.settings.reference_speakers` checks its files."""
    folder = settings.gowajee_reference_speakers
    if folder is None or folder.is_dir():
        return []
    fix = "set it to a folder with one recording for each speaker"
    return [f"GOWAJEE_REFERENCE_SPEAKERS: there is no such folder; {fix}"]


def _of_raw_audio(settings: Settings) -> list[str]:
    """Return problems of settings that describe other audio than is sent to Gowajee."""
    channels = (1, 2) if settings.gowajee_multichannels else (1,)
    told = {
        "GOWAJEE_SAMPLE_RATE": (settings.gowajee_sample_rate, (SENT_RATE,)),
        "GOWAJEE_SAMPLE_WIDTH": (settings.gowajee_sample_width, (SENT_WIDTH,)),
        "GOWAJEE_CHANNELS": (settings.gowajee_channels, channels),
    }
    sent = f"{SENT}, {'with one channel or two' if settings.gowajee_multichannels else 'with one channel'}"
    return [
        f"{name}: {sent}; set it to {' or '.join(map(str, true))}, or leave all three out"
        for name, (value, true) in told.items()
        if value is not None and value not in true
    ]


def provider_problems(settings: Settings) -> list[str]:
    """Return which settings the chosen transcriber lacks."""
    needed: dict[str, tuple[object, str]] = {}
    match settings.transcriber:
        case "botlhale":
            needed = {
                "BOTLHALE_ORG_ID": (settings.botlhale_org_id, "the organisation id of your Botlhale account"),
                "BOTLHALE_REFRESH_TOKEN": (settings.botlhale_refresh_token, "the token from its API settings"),
            }
        case "gowajee":
            needed = {
                "GOWAJEE_API_KEY": (settings.gowajee_api_key, "the key from Gowajee's console"),
                "GOWAJEE_WEBHOOK_ID": (settings.gowajee_webhook_id, "the id of the webhook registered there"),
                "GOWAJEE_WEBHOOK_TOKEN": (settings.gowajee_webhook_token, "the token in that webhook's address"),
            }
        case "embedded":
            pass
    return _missing(needed)


def slack_problems(settings: Settings) -> list[str]:
    """Return which settings are missing to run in one workspace, or in many."""
    problems = _of_many(settings) if settings.slack_client_id is not None else []
    if settings.slack_bot_token is None and settings.slack_client_id is None:
        means_many = settings.slack_client_secret is not None or settings.token_key
        problems.append(
            "SLACK_CLIENT_ID: missing; set it to the client id from the app's Basic Information"
            if means_many
            else "SLACK_BOT_TOKEN: missing; set it to the bot token of the installed app (xoxb-…)"
        )
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        problems.append(
            "SLACK_APP_TOKEN: missing; set it to the app token (xapp-…) for Socket Mode, "
            "or set SLACK_SIGNING_SECRET for HTTP mode"
        )
    return problems


def _of_many(settings: Settings) -> list[str]:
    if settings.slack_bot_token is not None:
        return ["SLACK_BOT_TOKEN: it opens one workspace and SLACK_CLIENT_ID many; set only one of them"]
    return _missing(
        {
            "SLACK_CLIENT_SECRET": (settings.slack_client_secret, "the client secret from the app's Basic Information"),
            "TOKEN_KEY": (settings.token_key, "what `openssl rand -base64 32` prints, and keep it somewhere else too"),
            "PUBLIC_URL": (settings.public_url, "the https address of this server, to which Slack sends people back"),
        }
    )


def _missing(needed: dict[str, tuple[object, str]]) -> list[str]:
    return [f"{name}: missing; set it to {what}" for name, (value, what) in needed.items() if not value]
