"""Who does something in Slack: presses a button, hands in a form, types a command, opens the App Home."""

from __future__ import annotations

from dataclasses import dataclass, field

from handlers.events import Command, Interaction, PressedAnywhere
from storage.job import Job


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """A person in a workspace. `channel` is where they act; None in a place of their own, and where it is not told."""

    team: str
    user: str
    enterprise: str | None = field(default=None, compare=False)
    channel: str | None = None

    @classmethod
    def of(cls, payload: Interaction | Command) -> Actor:
        """The person of whom a payload tells."""
        if isinstance(payload, Command):
            channel = None if payload.in_direct_message else payload.channel_id
            return cls(team=payload.team_id, user=payload.user_id, enterprise=payload.enterprise_id, channel=channel)
        here = payload.channel if isinstance(payload, PressedAnywhere) else None
        return cls(
            team=payload.team.id,
            user=payload.user.id,
            enterprise=payload.enterprise.id if payload.enterprise else None,
            channel=here.id if here else None,
        )

    def sees(self, job: Job) -> bool:
        """Whether they may know of it: it is in the channel where they act, or of their own."""
        if job.origin.team != self.team:
            return False
        return job.origin.channel == self.channel if self.channel else self.owns(job)

    def owns(self, job: Job) -> bool:
        """Whether they shared it, or asked for its transcript."""
        return self.user in {job.origin.user, job.requested_by, job.begun_by}
