"""What is told of an enrolment when its standing was written down, by the activity that writes it."""

from datetime import UTC, datetime

import pytest
from prometheus_client import REGISTRY

from activities.journal import Journal, Record
from domain.stage import Applicant, Attention, Language, Outcome, Stage
from records.database import Database
from records.enrolments import Details, Standing
from records.vault import Vault
from settings import Settings
from tests.logged import Logged

REFERENCE = "0123456789ABC"
ADDRESS = "taro.takahashi@example.jp"
NOW = datetime.now(UTC)


class Story:
    """One enrolment, written down step by step."""

    def __init__(self, journal: Journal) -> None:
        """Take who writes."""
        self._journal = journal
        self._revision = 0

    async def goes_on(self, stage: Stage, *, again: bool = False, **changes: object) -> None:
        """Write the next standing, or the last one once more."""
        self._revision += 0 if again else 1
        standing: dict[str, object] = {
            "reference": REFERENCE,
            "tenant": "leopalace",
            "applicant": Applicant.AGENT,
            "language": Language.JA,
            "stage": stage,
            "since": NOW,
            "until": None,
            "attention": None,
            "outcome": None,
            "generation": 1,
            "redeemed_generation": None,
            "approval_round": 0,
            "ordered": False,
            "registered_at": NOW,
            "run_id": "run",
            "revision": self._revision,
        }
        details = Details(email=ADDRESS, ticket_number="14f75199c-82f4-419b-8041-5f8631cb488ep")
        await self._journal.record(
            Record(standing=Standing.model_validate(standing | changes), details=details)
        )


@pytest.fixture
def story(database: Database, vault: Vault, settings: Settings) -> Story:
    return Story(Journal(database, vault, settings.digest_key))


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"tenant": "leopalace", **labels}) or 0.0


async def test_each_stage_is_a_line_however_often_it_is_written(story: Story, logged: Logged) -> None:
    await story.goes_on(Stage.REGISTERED)
    await story.goes_on(Stage.REGISTERED)
    await story.goes_on(Stage.APPLYING)
    await story.goes_on(Stage.APPLYING, again=True)
    await story.goes_on(Stage.ISSUED, outcome=Outcome.INSTALLED)

    lines = logged.of("jcan.enrolment")
    assert [(line["event"], line["stage"], line.get("outcome")) for line in lines] == [
        ("entered a stage", "registered", None),
        ("entered a stage", "applying", None),
        ("ended", "issued", "installed"),
    ]
    assert {(line["reference"], line["tenant"]) for line in lines} == {(REFERENCE, "leopalace")}
    assert ADDRESS not in logged.text


async def test_a_run_that_parks_says_why_and_that_it_goes_on(story: Story, logged: Logged) -> None:
    await story.goes_on(Stage.REGISTERED)
    await story.goes_on(Stage.REGISTERED, attention=Attention.MAIL_REFUSED)
    await story.goes_on(Stage.REGISTERED)

    assert [(line["event"], line["attention"]) for line in logged.of("jcan.enrolment")[1:]] == [
        ("needs attention", "mail_refused"),
        ("needs no attention any more", "mail_refused"),
    ]


async def test_starts_and_ends_are_counted_once(story: Story) -> None:
    started, ended = ("jcan_enrolments_started_total", "jcan_enrolments_ended_total")
    before = counted(started, applicant="agent"), counted(ended, outcome="link_expired")
    await story.goes_on(Stage.REGISTERED)
    await story.goes_on(Stage.EXPIRED, outcome=Outcome.LINK_EXPIRED)
    await story.goes_on(Stage.EXPIRED, outcome=Outcome.LINK_EXPIRED, again=True)

    after = counted(started, applicant="agent"), counted(ended, outcome="link_expired")
    assert [late - early for early, late in zip(before, after, strict=True)] == [1, 1]
