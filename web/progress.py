"""Where an enrolment stands, for its applicant: the step on the way, who acts next, and by when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from domain.stage import Applicant, Attention, Outcome, Stage
from records.enrolments import Enrolment
from web.endings import ending_of
from web.i18n import N_, _, moment
from web.way import StepName, Way, way_for

STEPS: dict[Stage, StepName] = {
    Stage.REGISTERED: StepName.MAIL,
    Stage.APPLYING: StepName.APPLY,
    Stage.AWAITING_APPROVAL: StepName.APPROVE,
    Stage.IN_REVIEW: StepName.ISSUED,
    Stage.ISSUING: StepName.ISSUED,
    Stage.INSTALLING: StepName.INSTALLED,
}

_TROUBLE: dict[Attention, tuple[str, str]] = {
    Attention.MAIL_REFUSED: (
        N_("メールをお届けできませんでした"),
        N_(
            "メールサーバーに受け取りを断られました。メールアドレスに誤りがないか、受信の設定に問題がないかをご確認ください。担当者も状況を確認しています。"
        ),
    ),
    Attention.CERTIFICATION_REQUEST_REFUSED: (
        N_("担当者が発行の準備を確認しています"),
        N_(
            "発行の準備に問題が見つかり、担当者が対応しています。お手続きいただくことはありません。結果はメールでお知らせします。"
        ),
    ),
    Attention.INSTALLATION_REFUSED: (
        N_("担当者が証明書の登録を確認しています"),
        N_(
            "証明書は発行されましたが、電子契約サービスへの登録に問題が見つかり、担当者が対応しています。お手続きいただくことはありません。"
        ),
    ),
    Attention.CERTIFICATE_REFUSED: (
        N_("担当者が証明書を確認しています"),
        N_(
            "発行された証明書に問題が見つかり、担当者が対応しています。お手続きいただくことはありません。結果はメールでお知らせします。"
        ),
    ),
}


@dataclass(frozen=True)
class Situation:
    """The head of the status page: a heading, sentences, and how it looks."""

    title: str
    lines: tuple[str, ...]
    kind: Literal["wait", "right", "wrong"] = "wait"


def step_of(enrolment: Enrolment) -> StepName | None:
    """The present step; None once everything is done, or has ended otherwise."""
    return STEPS.get(enrolment.stage)


def way_of(enrolment: Enrolment) -> Way | None:
    """The way with the present step; none for an enrolment that ended without a certificate."""
    if enrolment.stage.ended and enrolment.stage is not Stage.ISSUED:
        return None
    return way_for(enrolment.applicant, step_of(enrolment))


def principal_name(enrolment: Enrolment) -> str:
    """The principal's name as it is written in Japan, empty while it is not known."""
    application = enrolment.details.application if enrolment.details else None
    return f"{application.family_name} {application.given_name}" if application else ""


def situation_of(enrolment: Enrolment, *, revoked: bool = False) -> Situation:
    """What the applicant is told, in the language of the request. `revoked`: what was issued has been."""
    if enrolment.stage.ended:
        return _ended(Outcome.REVOKED if revoked else enrolment.outcome, enrolment.stage)
    if enrolment.attention in _TROUBLE:
        title, line = _TROUBLE[enrolment.attention]
        return Situation(_(title), (_(line), *_deadline(enrolment)), "wrong")
    return _UNDER_WAY[enrolment.stage](enrolment)


def _registered(enrolment: Enrolment) -> Situation:
    address = enrolment.details.email if enrolment.details else ""
    sent = _("%(address)s へ、発行申請のためのURLをお送りしました。", address=address) if address else ""
    lines = (sent, _("メールのURLを開いて、発行申請の手続きに進んでください。"), *_deadline(enrolment))
    return Situation(_("確認メールのURLが開かれるのを待っています"), tuple(line for line in lines if line))


def _applying(enrolment: Enrolment) -> Situation:
    reason = enrolment.details.return_reason if enrolment.details else None
    if reason:
        by_principal = enrolment.details is not None and enrolment.details.returned_by == "principal"
        title = _("利用者本人から差し戻されました") if by_principal else _("審査で差し戻されました")
        asked = _("理由をご確認のうえ、内容を直して、もう一度発行申請を送信してください。")
        return Situation(title, (_("理由：%(reason)s", reason=reason), asked, *_deadline(enrolment)), "wrong")
    return Situation(
        _("発行申請の送信を待っています"),
        (_("発行申請情報を入力し、確認のうえ「発行申請」を押してください。"), *_deadline(enrolment)),
    )


def _awaiting_approval(enrolment: Enrolment) -> Situation:
    application = enrolment.details.application if enrolment.details else None
    if application is None:
        return Situation(_("利用者本人の承認を待っています"), _deadline(enrolment))
    title = _("%(name)s 様の承認を待っています", name=principal_name(enrolment))
    sent = _("%(address)s へ、承認のお願いをお送りしました。", address=application.email)
    return Situation(title, (sent, *_deadline(enrolment)))


def _in_review(enrolment: Enrolment) -> Situation:
    if enrolment.attention is Attention.REVIEW_OVERDUE:
        first = _("審査に時間がかかっています。担当者に確認を促しています。")
    else:
        first = _("登録局の担当者が、申請の内容を確認しています。結果はメールでお知らせします。")
    return Situation(_("審査を待っています"), (first, _nothing_to_do()))


def _issuing(_enrolment: Enrolment) -> Situation:
    first = _("申請は認証局に進みました。証明書が発行されるまで、数日かかります。")
    return Situation(_("認証局の発行を待っています"), (first, _nothing_to_do()))


def _installing(_enrolment: Enrolment) -> Situation:
    first = _("証明書が発行されました。電子契約サービスへの登録は自動で行います。")
    return Situation(_("証明書を電子契約サービスに登録しています"), (first, _nothing_to_do()))


def _ended(outcome: Outcome | None, stage: Stage) -> Situation:
    ending = ending_of(outcome)
    usable = stage is Stage.ISSUED and outcome is not Outcome.REVOKED
    return Situation(_(ending.title), (_(ending.reason), _(ending.next)), "right" if usable else "wrong")


def _nothing_to_do() -> str:
    return _("いまお手続きいただくことはありません。")


def _deadline(enrolment: Enrolment) -> tuple[str, ...]:
    if enrolment.until is None:
        return ()
    until = moment(enrolment.until)
    match enrolment.stage:
        case Stage.REGISTERED:
            return (_("%(until)sまでに開かれないと、この申請は終了します。", until=until),)
        case Stage.AWAITING_APPROVAL:
            return (_("%(until)sまでに承認がないと、この申請は終了します。", until=until),)
        case _:
            return (_("%(until)sまでに送信されないと、この申請は終了します。", until=until),)


def is_agents(enrolment: Enrolment) -> bool:
    """Whether somebody applies for the principal."""
    return enrolment.applicant is Applicant.AGENT


_UNDER_WAY: Mapping[Stage, Callable[[Enrolment], Situation]] = {
    Stage.REGISTERED: _registered,
    Stage.APPLYING: _applying,
    Stage.AWAITING_APPROVAL: _awaiting_approval,
    Stage.IN_REVIEW: _in_review,
    Stage.ISSUING: _issuing,
    Stage.INSTALLING: _installing,
}
