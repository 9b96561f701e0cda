"""The settings: what each takes, what it says when it is wrong, and that no secret shows itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.addresses import base_url
from bot.settings.checks import provider_problems, slack_problems
from bot.settings.loading import load
from bot.settings.model import Settings, SettingsProblem

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-very-secret",
    "SLACK_APP_TOKEN": "xapp-very-secret",
    "SLACK_SIGNING_SECRET": "signing-very-secret",
    "BOTLHALE_REFRESH_TOKEN": "refresh-very-secret",
    "GOWAJEE_API_KEY": "key-very-secret",
    "GOWAJEE_WEBHOOK_TOKEN": "hook-very-secret,next-very-secret",
}


def read(folder: Path, **lines: str) -> Settings:
    file = folder / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
    return load(env_file=file)


def problems(folder: Path, **lines: str) -> list[str]:
    with pytest.raises(SettingsProblem) as caught:
        read(folder, **lines)
    return caught.value.problems


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://api.example", "https://api.example"),
        ("https://api.example/", "https://api.example"),
        ("  https://api.example:8443 ", "https://api.example:8443"),
        ("HTTPS://api.example", "https://api.example"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_a_base_url_is_a_host_without_a_path(written: str, meant: str) -> None:
    assert base_url(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "api.example",
        "https://",
        "ftp://api.example",
        "https://api.example/v1",
        "https://api.example?key=1",
        "https://api.example#top",
        "https://user@api.example",
        "https://user:secret@api.example",
        "http://api.example",
        "http://127.0.0.1.example",
        "http://localhost.example",
        "https://[::1",
    ],
)
def test_anything_else_is_no_base_url(written: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        base_url(written)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("written", ["https://api.example:99999", "https://api.example:https", "https://api example"])
def test_a_base_url_that_no_client_could_use_is_refused_at_once(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        base_url(written)


@given(st.text() | st.text(alphabet="htps:/.[]@?#a1 \\", max_size=20).map(lambda rest: f"https://{rest}"))
def test_what_is_taken_as_a_base_url_stays_as_it_is_when_read_again(written: str) -> None:
    try:
        taken = base_url(written)
    except ValueError:
        return
    assert base_url(taken) == taken
    assert taken.count("/") == 2


def test_without_any_setting_everything_has_a_default(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.transcriber == "embedded"
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.database_path == Path("threadscribe.db")
    assert settings.spool == Path("threadscribe-spool")
    assert settings.public_url is None
    assert settings.socket_mode is False
    assert provider_problems(settings) == []


def test_the_env_file_is_read_and_unknown_names_in_it_do_no_harm(tmp_path: Path) -> None:
    settings = read(tmp_path, HTTP_PORT="8080", transcriber="gowajee", SOMETHING_ELSE="1")
    assert settings.http_port == 8080
    assert settings.transcriber == "gowajee"


def test_an_env_file_that_is_not_there_is_no_problem(tmp_path: Path) -> None:
    assert load(env_file=tmp_path / "none").http_port == 3000


def test_an_env_file_that_is_no_text_is_a_problem_with_a_name(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes("HTTP_PORT=1\n".encode("utf-16"))
    with pytest.raises(SettingsProblem, match=r"\.env"):
        load(env_file=file)


@pytest.mark.parametrize(
    "name",
    ["SLACK_BOT_TOKEN", "PUBLIC_URL", "SPEAKERS", "HTTP_PORT", "GOWAJEE_WEBHOOK_TOKEN", "SPOOL_DIRECTORY", "LOG_LEVEL"],
)
def test_empty_means_not_set(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, **{name: ""}) == read(tmp_path)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://slack.com/api", "https://slack.com/api/"),
        ("https://slack.com/api/", "https://slack.com/api/"),
        ("http://127.0.0.1:4000/api/", "http://127.0.0.1:4000/api/"),
        ("https://slack.example", "https://slack.example/"),
    ],
)
def test_the_address_of_slacks_api_may_have_a_path_and_ends_with_a_slash(
    tmp_path: Path, written: str, meant: str
) -> None:
    assert read(tmp_path, SLACK_API_URL=written).slack_api_url == meant


@pytest.mark.parametrize("written", ["http://slack.com/api/", "slack.com/api/", "ftp://slack.com/", "https:///api/"])
def test_the_token_is_not_sent_to_an_address_without_https(tmp_path: Path, written: str) -> None:
    [problem] = problems(tmp_path, SLACK_API_URL=written)
    assert problem.startswith("SLACK_API_URL: ")


@pytest.mark.parametrize(
    "written", ["https://slack.com/api/?team=1", "https://user:secret@slack.com/api/", "https://slack.com/api/#top"]
)
def test_the_address_of_slacks_api_has_nothing_but_host_and_path(tmp_path: Path, written: str) -> None:
    [problem] = problems(tmp_path, SLACK_API_URL=written)
    assert problem.startswith("SLACK_API_URL: ")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sqlite:///bot.db", "bot.db"),
        ("sqlite:///data/bot.db", "data/bot.db"),
        ("sqlite:////data/bot.db", "/data/bot.db"),
    ],
)
def test_the_database_is_a_file_relative_or_absolute(tmp_path: Path, written: str, meant: str) -> None:
    settings = read(tmp_path, DATABASE_URL=written)
    assert settings.database_path == Path(meant)
    assert settings.spool == Path(meant).parent / "threadscribe-spool"


@pytest.mark.parametrize(
    "written", ["bot.db", "sqlite://bot.db", "sqlite:///", "sqlite:", "mysql://host/bot", "SQLITE:///bot.db"]
)
def test_another_form_of_database_is_refused_with_the_right_one(tmp_path: Path, written: str) -> None:
    [problem] = problems(tmp_path, DATABASE_URL=written)
    assert problem.startswith("DATABASE_URL: ")
    assert "sqlite:///" in problem


def test_a_database_in_memory_is_refused_because_it_forgets(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, DATABASE_URL="sqlite:///:memory:")
    assert problem.startswith("DATABASE_URL: ")


def test_the_spool_may_lie_elsewhere(tmp_path: Path) -> None:
    assert read(tmp_path, SPOOL_DIRECTORY="large/spool").spool == Path("large/spool")


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ({"MIN_SPEAKERS": "2"}, "MAX_SPEAKERS"),
        ({"MAX_SPEAKERS": "2"}, "MIN_SPEAKERS"),
        ({"SPEAKERS": "2", "MIN_SPEAKERS": "2", "MAX_SPEAKERS": "3"}, "SPEAKERS"),
        ({"MIN_SPEAKERS": "3", "MAX_SPEAKERS": "2"}, "MIN_SPEAKERS"),
        ({"SPEAKERS": "0"}, "SPEAKERS"),
        ({"SPEAKERS": "21"}, "SPEAKERS"),
        ({"SPEAKERS": "two"}, "SPEAKERS"),
    ],
)
def test_numbers_of_speakers_that_make_no_sense_are_refused(
    tmp_path: Path, written: dict[str, str], named: str
) -> None:
    [problem] = problems(tmp_path, **written)
    assert named in problem


@pytest.mark.parametrize("written", [{"SPEAKERS": "1"}, {"SPEAKERS": "20"}, {"MIN_SPEAKERS": "2", "MAX_SPEAKERS": "2"}])
def test_sensible_numbers_of_speakers_are_taken(tmp_path: Path, written: dict[str, str]) -> None:
    settings = read(tmp_path, **written)
    assert {name: getattr(settings, name.lower()) for name in written} == {k: int(v) for k, v in written.items()}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PORT", "65536"),
        ("HTTP_PORT", "-1"),
        ("HTTP_PORT", "many"),
        ("CONCURRENCY", "0"),
        ("CONVERSIONS", "0"),
        ("LARGEST_FILE", "0"),
        ("SOONEST_LOOK", "0"),
        ("EMBEDDED_PROCESSES", "17"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("TRANSCRIBER", "whisper"),
        ("BOTLHALE_DIALECT", "kebab"),
        ("BOTLHALE_BASE_URL", "https://api.example/asr"),
        ("BOTLHALE_DIARIZATION", "perhaps"),
        ("GOWAJEE_MODEL", "comet"),
        ("GOWAJEE_BASE_URL", "http://api.example"),
        ("GOWAJEE_BOOST_SCORE", "21"),
        ("GOWAJEE_SAMPLE_WIDTH", "3"),
        ("PUBLIC_URL", "http://bot.example"),
        ("SLACK_FILE_ORIGINS", "https://files.example,http://files.example"),
    ],
)
def test_a_wrong_value_is_told_in_one_line_with_its_name(tmp_path: Path, name: str, value: str) -> None:
    [problem] = problems(tmp_path, **{name: value})
    assert problem.startswith(f"{name}: ")
    assert "\n" not in problem
    assert len(problem) > len(f"{name}: ") + 10


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"SAMPLE_RATE": "8000", "SAMPLE_WIDTH": "2", "CHANNELS": "1"}, ["set it to 16000"]),
        ({"SAMPLE_RATE": "16000", "SAMPLE_WIDTH": "1", "CHANNELS": "1"}, ["set it to 2"]),
        ({"SAMPLE_RATE": "16000", "SAMPLE_WIDTH": "2", "CHANNELS": "2"}, ["with one channel; set it to 1"]),
        ({"SAMPLE_RATE": "16000", "SAMPLE_WIDTH": "2", "CHANNELS": "3", "MULTICHANNELS": "yes"}, ["set it to 1 or 2"]),
        ({"SAMPLE_RATE": "44100", "SAMPLE_WIDTH": "1", "CHANNELS": "6"}, ["16000", "set it to 2", "set it to 1"]),
        ({"SAMPLE_RATE": "16000", "SAMPLE_WIDTH": "2", "CHANNELS": "1"}, []),
        ({"SAMPLE_RATE": "16000", "SAMPLE_WIDTH": "2", "CHANNELS": "2", "MULTICHANNELS": "yes"}, []),
    ],
    ids=str,
)
def test_raw_audio_is_not_described_otherwise_than_it_is_sent(
    tmp_path: Path, written: dict[str, str], told: list[str]
) -> None:
    lines = {f"GOWAJEE_{name}": value for name, value in written.items()}
    found = problems(tmp_path, **lines) if told else []
    if not told:
        read(tmp_path, **lines)
    assert len(found) == len(told)
    for problem, part in zip(found, told, strict=True):
        assert "recordings are sent as WAV at 16000 Hz with 2 bytes per sample" in problem
        assert part in problem


REACTIONS = ("REACTION_PENDING", "REACTION_DONE", "REACTION_REQUEST", "REACTION_FAILED")


@pytest.mark.parametrize("name", REACTIONS)
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("wave", "wave"),
        (":wave:", "wave"),
        (" :wave: ", "wave"),
        (":+1:", "+1"),
        ("-1", "-1"),
        ("flag-za", "flag-za"),
        ("e-mail", "e-mail"),
        ("non-potable_water", "non-potable_water"),
        ("piñata", "piñata"),
        ("ありがとう", "ありがとう"),
        ("x" * 100, "x" * 100),
    ],
)
def test_an_emoji_is_set_by_its_name_with_or_without_colons(
    tmp_path: Path, name: str, written: str, meant: str
) -> None:
    assert getattr(read(tmp_path, **{name: f'"{written}"'}), name.lower()) == meant


@pytest.mark.parametrize("name", REACTIONS)
@pytest.mark.parametrize(
    "written",
    [
        "⏳",
        "👋🏽",
        "Wave",
        "two words",
        ":",
        "::",
        " ",
        "_",
        "wa:ve",
        "wave::skin-tone-7",
        "wave!",
        "x" * 101,
        "::wave::",
    ],
)
def test_what_is_no_name_of_an_emoji_is_refused_by_the_name_of_its_setting(
    tmp_path: Path, name: str, written: str
) -> None:
    [problem] = problems(tmp_path, **{name: f'"{written}"'})
    assert problem == (
        f"{name}: write the emoji's name in lower case as Slack shows it between colons, such as hourglass"
    )


@pytest.mark.parametrize("written", ["wave::skin-tone-3", ":wave::skin-tone-3:"])
def test_a_colour_of_skin_is_shown_and_does_not_matter_to_a_request(tmp_path: Path, written: str) -> None:
    settings = read(tmp_path, REACTION_DONE=written, REACTION_REQUEST=written)
    assert (settings.reaction_done, settings.reaction_request) == ("wave::skin-tone-3", "wave")


@pytest.mark.parametrize("name", REACTIONS)
def test_there_may_be_no_emoji_for_requests_only(tmp_path: Path, name: str) -> None:
    if name == "REACTION_REQUEST":
        assert read(tmp_path, REACTION_REQUEST='" - "').reaction_request == "-"
    else:
        [problem] = problems(tmp_path, **{name: "-"})
        assert problem.startswith(f"{name}: ")


def test_every_wrong_value_is_told_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path, HTTP_PORT="many", CONCURRENCY="0", PUBLIC_URL="http://bot.example", DATABASE_URL="bot.db"
    )
    assert sorted(line.split(":")[0] for line in found) == ["CONCURRENCY", "DATABASE_URL", "HTTP_PORT", "PUBLIC_URL"]


def test_settings_that_contradict_each_other_are_told_beside_wrong_values(tmp_path: Path) -> None:
    found = problems(tmp_path, HTTP_PORT="many", MIN_SPEAKERS="3", MAX_SPEAKERS="2")
    assert len(found) == 2


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("alpha,beta", ("alpha", "beta")),
        (" alpha , beta ,", ("alpha", "beta")),
        ("alpha", ("alpha",)),
        (",", ()),
        ("[1]", ("[1]",)),
    ],
)
def test_lists_are_separated_by_commas(tmp_path: Path, written: str, meant: tuple[str, ...]) -> None:
    settings = read(tmp_path, GOWAJEE_BOOST_WORDS=f'"{written}"', GOWAJEE_WEBHOOK_TOKEN=f'"{written}"')
    assert settings.gowajee_boost_words == meant
    assert tuple(token.get_secret_value() for token in settings.gowajee_webhook_token) == meant


def test_every_origin_in_a_list_is_a_base_url(tmp_path: Path) -> None:
    settings = read(tmp_path, SLACK_FILE_ORIGINS="https://a.example/, http://127.0.0.1:1")
    assert settings.slack_file_origins == ("https://a.example", "http://127.0.0.1:1")


def test_secrets_do_not_show_themselves(tmp_path: Path) -> None:
    settings = read(tmp_path, **SECRETS)
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "very-secret" not in shown
    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.get_secret_value() == SECRETS["SLACK_BOT_TOKEN"]


def test_problems_never_quote_what_was_written(tmp_path: Path) -> None:
    wrong = {"PUBLIC_URL": "https://me:very-secret@bot.example", "HTTP_PORT": "very-secret", "LOG_LEVEL": "very-secret"}
    with pytest.raises(SettingsProblem) as caught:
        read(tmp_path, **SECRETS, **wrong)
    assert len(caught.value.problems) == 3
    assert "very-secret" not in f"{caught.value} {caught.value!r}"


def test_settings_do_not_change_once_read(tmp_path: Path) -> None:
    settings = read(tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        settings.http_port = 1  # type: ignore[misc]  # what the test is about


def test_slack_needs_a_bot_token_and_one_way_in(tmp_path: Path) -> None:
    assert [line.split(":")[0] for line in slack_problems(read(tmp_path))] == ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"]
    only_bot = read(tmp_path, SLACK_BOT_TOKEN="xoxb-1")
    [problem] = slack_problems(only_bot)
    assert "SLACK_APP_TOKEN" in problem
    assert "SLACK_SIGNING_SECRET" in problem


@pytest.mark.parametrize("way_in", ["SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"])
def test_either_way_in_is_enough(tmp_path: Path, way_in: str) -> None:
    settings = read(tmp_path, SLACK_BOT_TOKEN="xoxb-1", **{way_in: "value"})
    assert slack_problems(settings) == []
    assert settings.socket_mode is (way_in == "SLACK_APP_TOKEN")


KEY = "aGVyZSBhcmUgdGhpcnR5LXR3byBpbnZlbnRlZCBieXQ="
FOR_MANY = {
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "s",
    "TOKEN_KEY": KEY,
    "PUBLIC_URL": "https://bot.example",
    "SLACK_APP_TOKEN": "xapp-1",
}


def test_for_many_workspaces_everything_that_is_missing_is_named(tmp_path: Path) -> None:
    assert slack_problems(read(tmp_path, **FOR_MANY)) == []
    assert read(tmp_path, **FOR_MANY).is_for_many
    lacking = slack_problems(read(tmp_path, SLACK_CLIENT_ID="1.2"))
    assert [line.split(":")[0] for line in lacking] == [
        "SLACK_CLIENT_SECRET",
        "TOKEN_KEY",
        "PUBLIC_URL",
        "SLACK_APP_TOKEN",
    ]


@pytest.mark.parametrize("given", ["SLACK_CLIENT_SECRET", "TOKEN_KEY"])
def test_a_client_id_that_is_missing_beside_what_goes_with_it_is_named(tmp_path: Path, given: str) -> None:
    lacking = slack_problems(read(tmp_path, **{given: FOR_MANY[given], "SLACK_APP_TOKEN": "xapp-1"}))
    assert [line.split(":")[0] for line in lacking] == ["SLACK_CLIENT_ID"]


def test_a_client_id_keeps_no_blank_around_it(tmp_path: Path) -> None:
    assert read(tmp_path, SLACK_CLIENT_ID='" 1.2 "').slack_client_id == "1.2"
    assert read(tmp_path, SLACK_CLIENT_ID='" "').slack_client_id is None


@pytest.mark.parametrize("name", ["TOKEN_KEY", "PUBLIC_URL"])
def test_what_is_wrong_is_told_once(tmp_path: Path, name: str) -> None:
    read(tmp_path, **FOR_MANY)
    with (tmp_path / ".env").open("a", encoding="utf-8") as file:
        file.write(f"{name}=wrong\n")
    with pytest.raises(SettingsProblem) as caught:
        load(env_file=tmp_path / ".env", to_run=True)
    assert [line.split(":")[0] for line in caught.value.problems] == [name]


def test_it_is_for_one_workspace_or_for_many(tmp_path: Path) -> None:
    [problem] = slack_problems(read(tmp_path, SLACK_BOT_TOKEN="xoxb-1", **FOR_MANY))
    assert "set only one of them" in problem
    assert not read(tmp_path, SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1").is_for_many


@pytest.mark.parametrize("key", ["short", KEY[:-8], f"{KEY},short", "ก"])
def test_a_key_that_is_none_is_told_with_how_to_make_one_and_not_shown(tmp_path: Path, key: str) -> None:
    [problem] = problems(tmp_path, TOKEN_KEY=key)
    assert "openssl rand -base64 32" in problem
    assert key not in problem


@pytest.mark.parametrize(
    ("transcriber", "needed"),
    [
        ("embedded", []),
        ("botlhale", ["BOTLHALE_ORG_ID", "BOTLHALE_REFRESH_TOKEN"]),
        ("gowajee", ["GOWAJEE_API_KEY", "GOWAJEE_WEBHOOK_ID", "GOWAJEE_WEBHOOK_TOKEN"]),
    ],
)
def test_every_provider_says_all_that_it_lacks(tmp_path: Path, transcriber: str, needed: list[str]) -> None:
    lacking = provider_problems(read(tmp_path, TRANSCRIBER=transcriber))
    assert [line.split(": missing; set it to ")[0] for line in lacking] == needed
    complete = read(tmp_path, TRANSCRIBER=transcriber, **dict.fromkeys(needed, "value"))
    assert provider_problems(complete) == []


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "GOWAJEE_API_KEY"])
def test_a_blank_secret_is_not_set(tmp_path: Path, name: str) -> None:
    settings = read(tmp_path, **{name: '" "'})
    assert getattr(settings, name.lower()) is None


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "GOWAJEE_API_KEY"])
def test_a_secret_keeps_no_line_break_that_a_file_brought_along(tmp_path: Path, name: str) -> None:
    settings = read(tmp_path, **{name: '"value\n"'})
    assert getattr(settings, name.lower()).get_secret_value() == "value"


def test_a_list_of_tokens_without_a_token_is_missing(tmp_path: Path) -> None:
    settings = read(
        tmp_path, TRANSCRIBER="gowajee", GOWAJEE_API_KEY="1", GOWAJEE_WEBHOOK_ID="1", GOWAJEE_WEBHOOK_TOKEN=" , "
    )
    assert [line.split(":")[0] for line in provider_problems(settings)] == ["GOWAJEE_WEBHOOK_TOKEN"]
