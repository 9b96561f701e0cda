"""What the terminal shows of the sandbox's messages."""

from __future__ import annotations

from bot.cli import demo_view


def test_a_recording_in_a_list_is_shown_without_marks() -> None:
    told = (
        "✅ Transcribed by AT&amp;T · <!date^1^{ago}|on 20 November> · <https://x.slack.com/?a=1&amp;b=2|Open thread>"
    )
    row = {"type": "section", "text": {"type": "mrkdwn", "text": f"*Ours &amp; theirs*\n{told}"}}
    head = {"type": "header", "text": {"type": "plain_text", "text": "Your recordings"}}
    assert demo_view.message([head, row]).plain.split("\n")[1:4] == [
        "Your recordings",
        "Ours & theirs",
        "✅ Transcribed by AT&T · on 20 November · Open thread",
    ]
