"""All settings, typed, from the environment or `.env`; secrets are not shown.

All problems are reported at once, by name, with the fix (`SettingsProblem`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.settings.addresses import ApiUrl, BaseUrl
from bot.settings.emoji import EmojiName, RequestingEmoji
from bot.settings.keys import Key
from bot.settings.values import SERVERS, comma_separated, known_database, without_line_break
from transcription.gowajee.webhook_trust import Results

TranscriberName = Literal["embedded", "botlhale", "gowajee"]


class SettingsProblem(Exception):
    """One or more settings are missing or wrong; each line names one and says what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


CommaSeparated = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """The settings; in the environment their names are in capitals. An empty value means not set."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    slack_bot_token: SecretStr | None = Field(None, description="Bot token of the installed app (`xoxb-…`).")
    slack_app_token: SecretStr | None = Field(None, description="App token for Socket Mode (`xapp-…`).")
    slack_signing_secret: SecretStr | None = Field(None, description="Signing secret; needed for HTTP mode.")
    slack_client_id: str | None = Field(
        None, description="Client id of the app: with it, and without SLACK_BOT_TOKEN, any workspace can install it."
    )
    slack_client_secret: SecretStr | None = Field(None, description="Client secret of the app.")
    slack_authorize_url: ApiUrl = Field(
        "https://slack.com/oauth/v2/authorize", description="Where people agree to an installation."
    )
    token_key: Annotated[tuple[Key, ...], NoDecode] = Field(
        (),
        description="Encrypts the tokens of many workspaces: 32 bytes in base64; the first of several, separated by "
        "commas, encrypts, each decrypts.",
    )
    slack_api_url: ApiUrl = Field("https://slack.com/api/", description="Where Slack's Web API is.")
    slack_file_origins: Annotated[tuple[BaseUrl, ...], NoDecode] = Field(
        (), description="Extra origins that may receive the bot token for downloads, separated by commas."
    )
    allow_slack_connect: bool = Field(
        default=False, description="Also transcribe in channels shared with another company."
    )
    reaction_pending: EmojiName = Field("hourglass_flowing_sand", description="Emoji while a recording is in work.")
    reaction_done: EmojiName = Field("white_check_mark", description="Emoji when the transcript is there.")
    reaction_request: RequestingEmoji = Field(
        "studio_microphone", description="Emoji with which people ask for a recording to be transcribed; none: `-`."
    )
    reaction_failed: EmojiName = Field("warning", description="Emoji when there will be none.")
    fold: Literal["never", "auto", "always"] = Field(
        "never", description="Fold the end of a long transcript: `never`, `auto` (where Slack takes it) or `always`."
    )

    http_host: str = Field("127.0.0.1", description="Address to listen on.")
    http_port: int = Field(3000, ge=0, le=65535, description="Port to listen on.")
    public_url: BaseUrl | None = Field(
        None, description="The https address under which the internet reaches this server."
    )

    database_url: str = Field(
        "sqlite:///threadscribe.db",
        repr=False,  # it may hold a password
        description="`sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://user:password@host/name`.",
    )
    spool_directory: Path | None = Field(
        None, description="Where recordings are kept while in work; default: beside the database."
    )
    largest_file: int = Field(
        1_073_741_824, ge=1, description="Bytes; a larger recording is refused before it is downloaded."
    )
    longest_recording: int | None = Field(
        None, ge=1, description="Minutes; a longer recording is refused, whatever the transcriber would take."
    )
    person_minutes: int | None = Field(
        None, ge=1, description="Minutes of recordings that one person may have transcribed in a calendar month (UTC)."
    )
    channel_minutes: int | None = Field(None, ge=1, description="The same for one conversation.")
    workspace_minutes: int | None = Field(None, ge=1, description="The same for all of the workspace.")
    retention_days: int | None = Field(
        None,
        ge=1,
        le=36_500,
        description="Days after which a transcript is forgotten here; its thread keeps the reply.",
    )
    concurrency: int = Field(8, ge=1, le=256, description="How many recordings are worked on at the same time.")
    conversions: int = Field(2, ge=1, le=64, description="How many recordings are decoded at the same time.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="`auto`: readable on a terminal, JSON lines otherwise."
    )
    metrics_token: SecretStr | None = Field(
        None, description="Serves `/metrics` on `HTTP_PORT` to whoever shows it (`Authorization: Bearer …`)."
    )
    metrics_port: int | None = Field(
        None, ge=0, le=65535, description="Serves `/metrics` on a port of its own, without a token."
    )
    metrics_host: str = Field("127.0.0.1", description="Address to listen on for `METRICS_PORT`.")

    transcriber: TranscriberName = Field(
        "embedded", description="`embedded` (Whisper on this machine), `botlhale` or `gowajee`."
    )
    soonest_look: float | None = Field(
        None, gt=0, description="Seconds between two looks at a polled provider, at least; unset: its own."
    )
    speakers: int | None = Field(None, ge=1, le=20, description="The number of speakers, where it is always the same.")
    min_speakers: int | None = Field(None, ge=1, le=20, description="Fewest speakers (with MAX_SPEAKERS).")
    max_speakers: int | None = Field(None, ge=1, le=20, description="Most speakers (with MIN_SPEAKERS).")

    embedded_model: str = Field(
        "auto", min_length=1, description="Whisper's model: a name (`threadscribe models list`), a folder, or `auto`."
    )
    embedded_language: str = Field("en", description="Language of the recordings where the model cannot tell.")
    embedded_processes: int = Field(1, ge=1, le=16, description="How many recordings it works on at the same time.")
    embedded_threads: int | None = Field(
        None, ge=1, le=64, description="Threads that work on one recording; unset: as many as cores, up to 4."
    )
    embedded_models_directory: Path | None = Field(
        None, description="Where speech models are kept; default: `~/.local/share/threadscribe/models`."
    )

    botlhale_base_url: BaseUrl = Field(
        "https://api.botlhale.xyz", description="Botlhale's host (newer accounts: https://api.botlhale.tech)."
    )
    botlhale_org_id: str | None = Field(None, description="Organisation id of the account.")
    botlhale_refresh_token: SecretStr | None = Field(None, description="Refresh token from the account's API settings.")
    botlhale_dialect: Literal["camel", "snake"] = Field("camel", description="Spelling of the request's parameters.")
    botlhale_language: str | None = Field(
        None, description="Language code such as `zu-ZA`; unset: detected, but for sw-KE, ki-KE, ka-KE and rw-RW."
    )
    botlhale_diarization: bool = Field(default=True, description="Tell speakers apart (not in rw-RW).")
    botlhale_result_path: str = Field("/asr/async/getdata", description="Path of the result call.")
    botlhale_token_path: str | None = Field(None, description="Path of the token exchange; unset: by dialect.")
    botlhale_form_encoding: Literal["multipart", "urlencoded"] = Field(
        "multipart", description="How the upload request is encoded."
    )
    botlhale_bare_names: bool = Field(
        default=False, description="Ask for results by the last part of the file's key only."
    )

    gowajee_base_url: BaseUrl = Field("https://api.gowajee.ai", description="Gowajee's host.")
    gowajee_api_key: SecretStr | None = Field(None, description="API key.")
    gowajee_model: Literal["pulse", "cosmos", "astro"] = Field("pulse", description="Model.")
    gowajee_webhook_id: CommaSeparated = Field((), description="Id of the webhook registered in Gowajee's console.")
    gowajee_webhook_token: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="The token in the registered address; two, separated by a comma, while rotating."
    )
    gowajee_diarization: bool = Field(default=True, description="Tell speakers apart.")
    gowajee_speaking_rate: bool = Field(
        default=False, description="Ask for the speaking rate; nothing is read from it."
    )
    gowajee_word_timestamps: bool = Field(
        default=False, description="Ask for word times (pulse); nothing is read from them."
    )
    gowajee_boost_words: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Words to expect, separated by commas, beside those set in Slack (pulse, cosmos)."
    )
    gowajee_boost_score: int | None = Field(None, ge=1, le=20, description="How strongly to expect these words.")
    gowajee_multichannels: bool = Field(
        default=False, description="Stereo has one speaker on each channel; mono goes by GOWAJEE_DIARIZATION."
    )
    gowajee_sample_rate: int | None = Field(None, ge=1, description="Sent along as the sound's rate: 16000.")
    gowajee_sample_width: int | None = Field(None, ge=1, le=2, description="Sent along as its bytes per sample: 2.")
    gowajee_channels: int | None = Field(None, ge=1, description="Sent along as each recording's own number.")
    gowajee_results: Results = Field("auto", description="What decides: `auto`, `webhook` alone or `status` alone.")
    gowajee_status_path: str = Field("/v1/speech-to-text/job/status", description="Path of the status call.")
    gowajee_reference_speakers: Path | None = Field(
        None, description="Folder of voices, 4 to 5 seconds each, named after their speakers (pulse; see Gowajee)."
    )
    gowajee_largest_inline: int = Field(
        20 * 1024 * 1024, ge=1, description="Bytes; above it Gowajee fetches the audio from PUBLIC_URL."
    )

    _split = field_validator(
        "slack_file_origins",
        "token_key",
        "gowajee_webhook_id",
        "gowajee_webhook_token",
        "gowajee_boost_words",
        mode="before",
    )(comma_separated)

    _known = field_validator("database_url")(known_database)

    _clean = field_validator(
        "slack_bot_token",
        "slack_client_id",
        "slack_client_secret",
        "slack_app_token",
        "slack_signing_secret",
        "botlhale_refresh_token",
        "gowajee_api_key",
        "metrics_token",
        mode="before",
    )(without_line_break)

    @property
    def database_path(self) -> Path | None:
        """The SQLite file; None for PostgreSQL."""
        return None if self.on_server else Path(self.database_url.removeprefix("sqlite:///"))

    @property
    def on_server(self) -> bool:
        """Whether the database is PostgreSQL."""
        return self.database_url.startswith(SERVERS)

    @property
    def spool(self) -> Path:
        """The folder where recordings are kept while their jobs run."""
        beside = self.database_path.parent if self.database_path else Path()
        return self.spool_directory or beside / "threadscribe-spool"

    @property
    def socket_mode(self) -> bool:
        """Whether Slack's events come over Socket Mode."""
        return self.slack_app_token is not None

    @property
    def is_for_many(self) -> bool:
        """Whether workspaces install the app themselves."""
        return self.slack_client_id is not None and self.slack_bot_token is None
