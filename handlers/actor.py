"""The actor of a Slack interaction: who presses a button, submits a modal, types a command or opens the App Home."""

from __future__ import annotations

from dataclasses import dataclass, field

from handlers.events import Command, Interaction, PressedAnywhere
from storage import channel_homes
from storage.database import Transaction
from storage.job import Job


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """A person in a workspace. `channel` is where they act; None in direct messages, the App Home and modals.

    `organisation`: the enterprise, where the app was installed in all of it.
    """

    team: str
    user: str
    enterprise: str | None = field(default=None, compare=False)
    organisation: str | None = field(default=None, compare=False)
    channel: str | None = None

    @classmethod
    def of(cls, payload: Interaction | Command) -> Actor:
        """Return the actor of a payload."""
        if isinstance(payload, Command):
            channel = None if payload.in_direct_message else payload.channel_id
            return cls(
                team=payload.team_id,
                user=payload.user_id,
                enterprise=payload.enterprise_id,
                organisation=payload.organisation,
                channel=channel,
            )
        here = payload.channel if isinstance(payload, PressedAnywhere) else None
        return cls(
            team=payload.team.id,
            user=payload.user.id,
            enterprise=payload.enterprise.id if payload.enterprise else None,
            organisation=payload.organisation,
            channel=here.id if here else None,
        )

    def sees(self, tx: Transaction, job: Job) -> bool:
        """Return whether the actor may see the job: it is of the channel where they act, or, without one, their own.

        A list in a direct message shows one's own of other conversations; what is pressed in it comes from there.
        """
        if not channel_homes.is_of(tx, job.origin, organisation=self.organisation, team=self.team):
            return False
        if self.channel is None or self.channel.startswith("D"):
            return self.owns(job) or job.origin.channel == self.channel
        return job.origin.channel == self.channel

    def owns(self, job: Job) -> bool:
        """Return whether the actor shared the recording, asked for its transcript or started its latest run."""
        return self.user in {job.origin.user, job.requested_by, job.begun_by}
