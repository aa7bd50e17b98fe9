"""What a run does, drawn from its seed: who enrols how, what is killed when, what goes wrong between.

The same seed and the same numbers are the same plan. What a kill hits is the machine's own affair.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from itertools import islice
from random import Random
from typing import Literal

PARTS = ("web", "worker", "temporal", "postgres", "mail", "econtract")

Applicant = Literal["principal", "agent"]
Tenant = Literal["leopalace", "contracthub"]
Nudge = Literal["none", "early", "wrong order", "twice, and late"]


@unique
class Fault(StrEnum):
    """What goes wrong with one call of a counterpart."""

    NONE = "as usual"
    LATE = "answered late"
    ERROR = "500"
    AWAY = "503"
    LATER = "451"
    CUT = "cut off before it was heard"
    LOST = "done, but the answer was lost"
    TWICE = "delivered twice"


@dataclass(frozen=True)
class Mishap:
    """A fault, and how many seconds late if that is what it is."""

    fault: Fault
    seconds: float


@dataclass(frozen=True)
class Kill:
    """Which part is killed, so many seconds after the one before came back."""

    part: str
    pause: float


@dataclass(frozen=True)
class Decision:
    """What a principal or a reviewer decides, and the way it is handed in."""

    decision: str
    way: Literal["link", "api", "console", "cli"]


@dataclass(frozen=True)
class Walk:
    """One enrolment: whose, where, what is decided about it in turn, and what the CA's hook is told besides.

    `seed` draws the moments at which the person presses a button twice.
    """

    number: int
    applicant: Applicant
    tenant: Tenant
    approvals: tuple[Decision, ...]
    reviews: tuple[Decision, ...]
    nudge: Nudge
    seed: str

    @property
    def company_code(self) -> str:
        """The tenant's company code."""
        return {"leopalace": "leo-sign", "contracthub": "contracthub"}[self.tenant]

    @property
    def is_refused(self) -> bool:
        """Whether it ends without a certificate."""
        return any(each.decision == "refuse" for each in self.approvals)

    def __str__(self) -> str:
        """Tell the story in a line."""
        decided = [f"{each.decision} ({each.way})" for each in (*self.approvals, *self.reviews)]
        hook = [] if self.nudge == "none" else [f"hook {self.nudge}"]
        return ", ".join([f"{self.number}: {self.applicant}", self.tenant, *decided, *hook])


@dataclass(frozen=True)
class Plan:
    """A whole run: `faulty` is the share of calls with which something goes wrong."""

    seed: int
    walks: tuple[Walk, ...]
    kills: tuple[Kill, ...]
    at_once: int
    faulty: float
    longest_delay: float
    patience: float

    def mishaps(self, counterpart: Literal["econtract", "mail"]) -> Iterator[Mishap]:
        """What goes wrong with each call of a counterpart, one after the other, without end."""
        draw = Random(f"{self.seed} {counterpart}")
        while True:
            wrong = draw.random() < self.faulty
            fault = draw.choice(_FAULTS[counterpart]) if wrong else Fault.NONE
            yield Mishap(fault, draw.uniform(0.1, self.longest_delay))

    def __str__(self) -> str:
        """Write the whole plan down, with the faults of the first calls."""
        kills = [f"{kill.pause:.2f} {kill.part}" for kill in self.kills]
        calls = [
            f"{name} {each.fault} {each.seconds:.2f}"
            for name in ("econtract", "mail")
            for each in islice(self.mishaps(name), 100)
        ]
        return "\n".join([*map(str, self.walks), *kills, *calls])


_APPLICANTS: tuple[Applicant, ...] = ("principal", "agent")
_TENANTS: tuple[Tenant, ...] = ("leopalace", "contracthub")
_FAULTS = {
    "econtract": (Fault.LATE, Fault.ERROR, Fault.AWAY, Fault.CUT, Fault.LOST, Fault.TWICE),
    "mail": (Fault.LATE, Fault.LATER, Fault.CUT, Fault.LOST),
}


def short_plan(seed: int) -> Plan:
    """A plan for every day: ten enrolments, every part killed once."""
    return make_plan(seed, 10, len(PARTS), at_once=8, pauses=(0.2, 1.0), faulty=0.15, longest_delay=1.0)


def make_plan(
    seed: int,
    enrolments: int,
    kills: int,
    *,
    at_once: int = 12,
    pauses: tuple[float, float] = (1.0, 4.0),
    faulty: float = 0.25,
    longest_delay: float = 5.0,
    patience: float = 600.0,
) -> Plan:
    """Draw a plan. `pauses` and `longest_delay` are in seconds, as is the `patience` for one enrolment."""
    draw = Random(f"{seed} walks")
    walks = tuple(_walk(draw, number, f"{seed} person {number}") for number in range(enrolments))
    return Plan(
        seed, walks, _kills(Random(f"{seed} kills"), kills, pauses), at_once, faulty, longest_delay, patience
    )


def _walk(draw: Random, number: int, seed: str) -> Walk:
    applicant: Applicant = draw.choice(_APPLICANTS)
    tenant: Tenant = draw.choices(_TENANTS, (3, 1))[0]
    approvals = _approvals(draw) if applicant == "agent" else ()
    refused = any(each.decision == "refuse" for each in approvals)
    reviews = _reviews(draw, len(approvals)) if tenant == "contracthub" and not refused else ()
    if reviews and reviews[0].decision == "return" and approvals:
        # What a reviewer sends back is approved anew.
        approvals = (*approvals, Decision("approve", "link"))
    nudge: Nudge = draw.choice(("none", "early", "wrong order", "twice, and late"))
    return Walk(number, applicant, tenant, approvals, reviews, nudge, seed)


def _approvals(draw: Random) -> tuple[Decision, ...]:
    way: Literal["link", "api"] = draw.choices(("link", "api"), (3, 1))[0]
    match draw.choices(("approve", "return", "refuse"), (7, 2, 1))[0]:
        case "return":
            return Decision("return", way), Decision("approve", way)
        case decision:
            return (Decision(decision, way),)


def _reviews(draw: Random, approvals: int) -> tuple[Decision, ...]:
    way: Literal["console", "cli"] = draw.choice(("console", "cli"))
    returned = approvals < 2 and draw.random() < 0.25
    approved = Decision("approve", way)
    return (Decision("return", "console"), approved) if returned else (approved,)


def _kills(draw: Random, number: int, pauses: tuple[float, float]) -> tuple[Kill, ...]:
    """First each part in turn, in any order; then at random."""
    first = draw.sample(PARTS, len(PARTS))
    chosen = [first[index] if index < len(first) else draw.choice(PARTS) for index in range(number)]
    return tuple(Kill(part, draw.uniform(*pauses)) for part in chosen)
