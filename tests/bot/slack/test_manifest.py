"""The manifest: within Slack's limits, the least that works, and the same in the file and on the screen."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from bot.__main__ import main
from bot.slack.manifest import OPTIONAL_SCOPES, REQUIRED_SCOPES, as_yaml, manifest
from sandbox.slack import Slack

ROOT = Path(__file__).parents[3]
BOT = "https://bot.example"

READS_MESSAGES = {"channels:history", "groups:history", "im:history", "mpim:history"}


def described(**more: str) -> Any:
    return manifest(**more)


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["manifest", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_names_and_descriptions_keep_slacks_limits() -> None:
    # https://docs.slack.dev/reference/app-manifest
    shown = described()["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 174 <= len(shown["long_description"]) <= 4000
    assert re.fullmatch(r"#[0-9a-f]{6}", shown["background_color"])


def test_the_bots_name_has_only_characters_that_slack_takes() -> None:
    # The reference names a-z, 0-9, -, _ and .; capitals stand in Slack's own examples.
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,80}", described()["features"]["bot_user"]["display_name"])


def test_commands_keep_slacks_limits() -> None:
    for command in described()["features"]["slash_commands"]:
        assert re.fullmatch(r"/[a-z0-9_-]{1,31}", command["command"])
        assert 1 <= len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000


def test_shortcuts_keep_slacks_limits() -> None:
    shortcuts = described()["features"]["shortcuts"]
    for shortcut in shortcuts:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
        assert len(shortcut["callback_id"]) <= 255
    assert [one["name"] for one in shortcuts if one["type"] == "global"] == ["Search transcripts"]


def test_an_optional_scope_stands_in_both_lists_and_a_required_one_only_in_the_first() -> None:
    scopes = described()["oauth_config"]["scopes"]
    assert set(scopes) == {"bot", "bot_optional"}
    assert set(scopes["bot_optional"]) == set(OPTIONAL_SCOPES)
    assert set(scopes["bot"]) == set(OPTIONAL_SCOPES) | set(REQUIRED_SCOPES)
    assert not set(OPTIONAL_SCOPES) & set(REQUIRED_SCOPES)
    assert len(scopes["bot"]) == len(set(scopes["bot"]))


def test_no_required_scope_lets_the_bot_read_messages() -> None:
    assert not READS_MESSAGES & set(REQUIRED_SCOPES)
    assert not [scope for scope in REQUIRED_SCOPES if scope.startswith(("admin", "users"))]
    assert [scope for scope in OPTIONAL_SCOPES if scope.startswith(("admin", "users"))] == ["users:read"]


def test_every_message_event_has_its_optional_scope_beside_it() -> None:
    events = set(described()["settings"]["event_subscriptions"]["bot_events"])
    assert "file_shared" in events
    wanted = {f"message.{kind.removesuffix(':history')}" for kind in READS_MESSAGES}
    others = {"file_shared", "file_deleted", "app_uninstalled", "tokens_revoked", "app_home_opened", "reaction_added"}
    others |= {"channel_id_changed", "channel_deleted", "group_deleted"}
    assert events - others == wanted
    assert set(OPTIONAL_SCOPES) >= READS_MESSAGES


def test_an_organisation_tells_an_app_that_it_can_install_of_which_teams_it_takes_it() -> None:
    def events(install_at: str | None) -> list[str]:
        return manifest(install_at=install_at)["settings"]["event_subscriptions"]["bot_events"]  # type: ignore[index,no-any-return]

    assert "team_access_revoked" in events("https://bot.example")
    assert "team_access_revoked" not in events(None)


def test_everybody_has_a_page_of_their_own_in_the_app() -> None:
    home = described()["features"]["app_home"]
    assert home["home_tab_enabled"]
    assert "app_home_opened" in described()["settings"]["event_subscriptions"]["bot_events"]


def test_a_recording_can_be_shared_with_the_bot_alone() -> None:
    # Otherwise Slack says there: "Sending messages to this app has been turned off."
    home = described()["features"]["app_home"]
    assert (home["messages_tab_enabled"], home["messages_tab_read_only_enabled"]) == (True, False)


def test_what_the_sandbox_grants_by_default_is_enough_to_work() -> None:
    assert set(REQUIRED_SCOPES) <= Slack.DEFAULT_SCOPES


def test_every_scope_says_what_it_is_for() -> None:
    assert all(purpose.strip() for purpose in [*REQUIRED_SCOPES.values(), *OPTIONAL_SCOPES.values()])


def test_socket_mode_needs_no_address() -> None:
    assert described()["settings"]["socket_mode_enabled"] is True
    assert "url" not in as_yaml(described())


def test_http_mode_has_its_address_in_all_three_places() -> None:
    made = described(public_url=BOT)
    assert made["settings"]["socket_mode_enabled"] is False
    assert made["settings"]["event_subscriptions"]["request_url"] == f"{BOT}/slack/events"
    assert made["settings"]["interactivity"]["request_url"] == f"{BOT}/slack/events"
    assert [command["url"] for command in made["features"]["slash_commands"]] == [f"{BOT}/slack/events"]


@pytest.mark.parametrize("arguments", [(), ("--public-url", BOT)])
def test_yaml_and_json_say_the_same(arguments: tuple[str, ...]) -> None:
    from_yaml = yaml.safe_load(printed(*arguments))
    assert from_yaml == json.loads(printed(*arguments, "--json"))
    assert from_yaml == described(**({"public_url": BOT} if arguments else {}))


def test_a_slash_at_the_end_of_the_address_is_not_doubled() -> None:
    assert printed("--public-url", f"{BOT}/") == printed("--public-url", BOT)


@pytest.mark.parametrize("address", ["http://bot.example", "bot.example", f"{BOT}/path", "https://"])
def test_an_address_that_slack_could_not_reach_is_refused_with_exit_code_2(address: str) -> None:
    result = CliRunner().invoke(main, ["manifest", "--public-url", address])
    assert result.exit_code == 2
    assert "--public-url" in result.output


def test_for_one_workspace_nobody_else_can_install_it() -> None:
    shown = described()
    assert "redirect_urls" not in shown["oauth_config"]
    assert not shown["settings"]["org_deploy_enabled"]
    assert not shown["settings"]["token_rotation_enabled"]


@pytest.mark.parametrize("public_url", [None, BOT])
def test_for_many_it_names_where_slack_sends_people_back_in_either_mode(public_url: str | None) -> None:
    more = ["--public-url", public_url] if public_url else []
    shown = json.loads(printed("--json", "--install-at", f"{BOT}/", *more))
    assert shown["oauth_config"]["redirect_urls"] == [f"{BOT}/slack/oauth_redirect"]
    assert shown["settings"]["org_deploy_enabled"]
    assert shown["settings"]["token_rotation_enabled"]
    assert shown["settings"]["socket_mode_enabled"] == (public_url is None)


def test_the_file_at_the_root_is_what_the_command_prints() -> None:
    file = ROOT / "manifest.yml"
    assert file.exists(), "manifest.yml is missing: write it with `threadscribe manifest > manifest.yml`"
    assert file.read_text(encoding="utf-8") == printed(), "write it again: `threadscribe manifest > manifest.yml`"
