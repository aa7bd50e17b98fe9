"""The way (flow bar): who does what, in which order, from registration to installation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.stage import Applicant
from web.i18n import N_


class StepName(StrEnum):
    """Every step there is, named by where it happens."""

    REGISTER = "register"
    REGISTER_CHECK = "register_check"
    REGISTER_DONE = "register_done"
    MAIL = "mail"
    APPLY = "apply"
    APPLY_CHECK = "apply_check"
    APPLY_DONE = "apply_done"
    APPROVAL_MAIL = "approval_mail"
    APPROVE = "approve"
    APPROVE_DONE = "approve_done"
    ISSUED = "issued"
    INSTALLED = "installed"


LABELS: dict[StepName, str] = {
    StepName.REGISTER: N_("申請者情報入力"),
    StepName.REGISTER_CHECK: N_("確認"),
    StepName.REGISTER_DONE: N_("完了"),
    StepName.MAIL: N_("確認メール受信"),
    StepName.APPLY: N_("発行申請情報入力"),
    StepName.APPLY_CHECK: N_("確認"),
    StepName.APPLY_DONE: N_("完了"),
    StepName.APPROVAL_MAIL: N_("確認メール受信"),
    StepName.APPROVE: N_("申請情報承認"),
    StepName.APPROVE_DONE: N_("完了"),
    StepName.ISSUED: N_("発行完了"),
    StepName.INSTALLED: N_("証明書を自動登録"),
}

_APPLICATION = (
    StepName.REGISTER,
    StepName.REGISTER_CHECK,
    StepName.REGISTER_DONE,
    StepName.MAIL,
    StepName.APPLY,
    StepName.APPLY_CHECK,
    StepName.APPLY_DONE,
)
_APPROVAL = (StepName.APPROVAL_MAIL, StepName.APPROVE, StepName.APPROVE_DONE)
_ISSUANCE = (StepName.ISSUED, StepName.INSTALLED)


@dataclass(frozen=True)
class Step:
    """One step as the bar shows it; `days_later` marks the arrow that leads to it with 数日後."""

    name: StepName
    label: str
    number: int
    done: bool
    present: bool
    days_later: bool


@dataclass(frozen=True)
class Lane:
    """The steps of one person; `title` is empty where one person does everything."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Way:
    """All steps of one kind of enrolment with the present one marked."""

    lanes: tuple[Lane, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all lanes in order."""
        return tuple(step for lane in self.lanes for step in lane.steps)

    @property
    def present(self) -> Step | None:
        """The step that is being taken now; None when everything is done."""
        return next((step for step in self.steps if step.present), None)

    @property
    def next(self) -> Step | None:
        """The step after the present one."""
        now = self.present
        if now is None or now.number == len(self.steps):
            return None
        return self.steps[now.number]


def way_for(applicant: Applicant, present: StepName | None) -> Way:
    """The way of one kind of enrolment; `present` None means that all of it is done.

    Raises ValueError for a step that this kind does not have.
    """
    lanes: list[tuple[str, tuple[StepName, ...]]] = [("", _APPLICATION + _ISSUANCE)]
    if applicant is Applicant.AGENT:
        lanes = [(N_("代理人作業"), _APPLICATION), (N_("本人作業"), _APPROVAL + _ISSUANCE)]
    names = [name for _title, steps in lanes for name in steps]
    now = len(names) if present is None else names.index(present)
    return Way(tuple(Lane(title, _steps(steps, names, now)) for title, steps in lanes))


def _steps(lane: tuple[StepName, ...], names: list[StepName], now: int) -> tuple[Step, ...]:
    return tuple(
        Step(
            name=name,
            label=LABELS[name],
            number=names.index(name) + 1,
            done=names.index(name) < now,
            present=names.index(name) == now,
            days_later=name is StepName.ISSUED,
        )
        for name in lane
    )
