"""The two naming schemes of Botlhale's API, in one table: paths and field names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

ApiDialect = Literal["camel", "snake"]
"""`camel`: the names in the documentation of 2023 (`OrgID`). `snake`: those of 2025 and later (`org_id`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The paths and field names of one scheme."""

    token_path: str
    refresh_token: str
    org_id: str
    sample_rate: str
    language: str
    diarization: str
    file_name: str


NAMES: Final[dict[ApiDialect, Names]] = {
    "camel": Names(
        token_path="/generateAuthToken",  # noqa: S106 - a path, not a secret
        refresh_token="REFRESH_TOKEN",  # noqa: S106 - a field's name, not a secret
        org_id="OrgID",
        sample_rate="SampleRate",
        language="LanguageCode",
        diarization="Diarization",
        file_name="FileName",
    ),
    "snake": Names(
        token_path="/auth/generate",  # noqa: S106 - a path, not a secret
        refresh_token="refresh_token",  # noqa: S106 - a field's name, not a secret
        org_id="org_id",
        sample_rate="sample_rate",
        language="language_code",
        diarization="diarization",
        file_name="filename",
    ),
}
