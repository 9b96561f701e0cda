"""What is wished of a provider and cannot be is told at the start, by name."""

from __future__ import annotations

from typing import Any

import pytest

from bot.catalog import open_transcribers
from bot.clock import wall_time
from bot.settings.model import Settings, SettingsProblem

GOWAJEE: dict[str, Any] = {
    "gowajee_api_key": "invented-key",
    "gowajee_webhook_id": "1",
    "gowajee_webhook_token": "invented-token",
}


async def made(**more: Any) -> set[str]:
    async with open_transcribers(Settings(_env_file=None, **GOWAJEE, **more), clock=wall_time) as transcribers:
        return set(transcribers)


@pytest.mark.parametrize("wish", [{"gowajee_boost_score": 5}, {"gowajee_boost_words": "alpha"}], ids=str)
async def test_boosting_is_refused_for_the_model_that_cannot(wish: dict[str, Any]) -> None:
    for model in ("pulse", "cosmos"):
        assert "gowajee" in await made(gowajee_model=model, **wish)
    with pytest.raises(SettingsProblem, match=r"boost_\w+ needs the model pulse or cosmos, not astro"):
        await made(gowajee_model="astro", **wish)


async def test_channels_and_voices_may_both_be_wished_for() -> None:
    assert "gowajee" in await made(gowajee_multichannels=True, gowajee_diarization=True, speakers=2)
