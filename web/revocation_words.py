"""A certificate in words: its facts, and why it is revoked."""

from datetime import UTC, datetime

from domain.revocation import SUBSCRIBERS_REASONS, CertificateStage, RevocationReason
from records.certificates import stage_of
from records.enrolments import Enrolment
from records.tables import Certificate
from web.i18n import N_, _, moment
from web.pages import Fact

REASONS: dict[RevocationReason, tuple[str, str]] = {
    RevocationReason.KEY_COMPROMISE: (
        N_("秘密鍵や暗証番号が漏れた、またはそのおそれがある"),
        N_("端末の紛失・盗難、不正な利用の疑いを含みます"),
    ),
    RevocationReason.AFFILIATION_CHANGED: (
        N_("退職・異動などで、証明書の記載内容が変わった"),
        N_("氏名・会社名・メールアドレスの変更を含みます"),
    ),
    RevocationReason.SUPERSEDED: (N_("新しい証明書に替えた"), ""),
    RevocationReason.CESSATION_OF_OPERATION: (N_("証明書を使わなくなった"), ""),
    RevocationReason.UNSPECIFIED: (N_("理由を指定しない"), ""),
    RevocationReason.PRIVILEGE_WITHDRAWN: (N_("登録局が証明書の利用を認めなくなった"), ""),
}
"""Each reason in a subscriber's words, with a note."""


def reason_options() -> list[tuple[str, str, str]]:
    """The reasons that a subscriber can choose, as the `choice` macro takes them."""
    words = [(reason, *REASONS[reason]) for reason in SUBSCRIBERS_REASONS]
    return [(reason.value, _(text), _(note) if note else "") for reason, text, note in words]


def reason_text(reason: str | None) -> str:
    """A reason, by its name in RFC 5280, in words; nothing for none."""
    return _(REASONS[RevocationReason(reason)][0]) if reason else ""


def certificate_facts(certificate: Certificate, enrolment: Enrolment) -> list[Fact]:
    """What a certificate says, and where it stands; without the person once they are erased."""
    application = enrolment.details.application if enrolment.details else None
    rows = []
    if application is not None:
        subject = application.subject
        rows = [
            Fact(_("氏名（ローマ字）"), subject.common_name),
            Fact(_("会社名（英語表記）"), subject.organization),
            Fact(_("メールアドレス"), subject.email),
        ]
    rows.append(Fact(_("証明書のシリアル番号"), certificate.serial, num=True))
    rows.append(Fact(_("証明書の有効期間"), _("%(end)sまで", end=moment(certificate.not_after))))
    if certificate.revoked_at is not None:
        rows.append(Fact(_("失効した日時"), moment(certificate.revoked_at)))
        rows.append(Fact(_("失効の理由"), reason_text(certificate.revocation_reason)))
    return rows


def is_valid(certificate: Certificate) -> bool:
    """Whether there is something to revoke."""
    return stage_of(certificate, datetime.now(UTC)) is CertificateStage.VALID
