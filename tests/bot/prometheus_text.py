"""Parse the metrics that Prometheus scrapes, with the parser of its own client library."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import aiohttp
from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One scrape. `kinds` has the type of every metric by its name."""

    text: str
    kinds: dict[str, str]
    series: dict[tuple[str, frozenset[tuple[str, str]]], float]

    @classmethod
    def of(cls, text: str) -> Told:
        """Read a scrape; every series may be in it once."""
        families = list(text_string_to_metric_families(text))
        samples = [sample for family in families for sample in family.samples]
        series = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
        assert len(series) == len(samples)
        return cls(text=text, kinds={family.name: family.type for family in families}, series=series)

    def value(self, name: str, /, **labels: str) -> float | None:
        """Of one series."""
        return self.series.get((name, frozenset(labels.items())))

    def total(self, name: str, /, *, among: Collection[str] = ()) -> float:
        """Of every series that has these words among the values of its labels."""
        return sum(
            value
            for (found, labels), value in self.series.items()
            if found == name and set(among) <= {word for _, word in labels}
        )

    def labels(self) -> dict[str, set[str]]:
        """Every value of every label of ours."""
        found: dict[str, set[str]] = {}
        for name, labels in self.series:
            for label, value in labels if name.startswith("threadscribe_") else ():
                found.setdefault(label, set()).add(value)
        return found


async def scraped(port: int, *, token: str | None = None) -> Told:
    """What `/metrics` answers there."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = f"http://127.0.0.1:{port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(address, headers=headers) as response:
        assert response.status == 200
        return Told.of(await response.text())
