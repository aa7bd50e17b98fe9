"""What the console calls things, and how it says how long something has waited."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from domain.stage import Applicant, Attention, Outcome, ReviewDecision, Stage
from records.operators import Role
from web.i18n import N_, _, period

STAGES: Mapping[Stage, str] = {
    Stage.REGISTERED: N_("メールのURLを待っています"),
    Stage.APPLYING: N_("発行申請の入力中"),
    Stage.AWAITING_APPROVAL: N_("本人の承認待ち"),
    Stage.IN_REVIEW: N_("審査待ち"),
    Stage.ISSUING: N_("発行処理中"),
    Stage.INSTALLING: N_("証明書の登録中"),
    Stage.ISSUED: N_("発行完了"),
    Stage.EXPIRED: N_("期限切れ"),
    Stage.REFUSED: N_("本人が拒否"),
    Stage.REJECTED: N_("却下"),
    Stage.WITHDRAWN: N_("取り下げ"),
}
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.INSTALLED: N_("電子契約サービスに登録済み"),
    Outcome.REVOKED: N_("登録の前に失効"),
    Outcome.LINK_EXPIRED: N_("URLが期限切れ"),
    Outcome.APPLICATION_EXPIRED: N_("発行申請の期限切れ"),
    Outcome.APPROVAL_EXPIRED: N_("承認の期限切れ"),
    Outcome.REFUSED_BY_PRINCIPAL: N_("利用者本人が拒否"),
    Outcome.REJECTED_BY_REVIEWER: N_("審査で却下"),
    Outcome.TICKET_TAKEN: N_("チケットが別の申請で使用中"),
    Outcome.TICKET_UNKNOWN: N_("チケットが存在しない"),
    Outcome.TICKET_USED: N_("チケットが使用済み"),
    Outcome.TICKET_CANCELLED: N_("チケットが取り消し済み"),
    Outcome.TICKET_EXPIRED: N_("チケットが期限切れ"),
    Outcome.WITHDRAWN_BY_APPLICANT: N_("申請者が取り下げ"),
    Outcome.ADDRESS_CORRECTED: N_("メールアドレスを訂正して再登録"),
    Outcome.REPLACED: N_("新しい申請登録に交代"),
    Outcome.CANCELLED_BY_OPERATOR: N_("担当者が取り下げ"),
    Outcome.GIVEN_UP: N_("担当者が断念"),
}
ATTENTIONS: Mapping[Attention, tuple[str, str]] = {
    Attention.MAIL_REFUSED: (
        N_("メールが拒否されました"),
        N_("アドレスを確認し、届くようになってから「再開」を押すと、新しいURLを送ります。"),
    ),
    Attention.CERTIFICATION_REQUEST_REFUSED: (
        N_("証明書署名要求に問題があります"),
        N_("電子契約サービスに問い合わせ、直してもらってから「再開」を押してください。"),
    ),
    Attention.CERTIFICATE_REFUSED: (
        N_("証明書に問題があるか、認証局が拒否しました"),
        N_("認証局に問い合わせ、直してもらってから「再開」を押すと、もう一度発注します。"),
    ),
    Attention.INSTALLATION_REFUSED: (
        N_("証明書の登録が拒否されました"),
        N_("電子契約サービスに問い合わせ、直してもらってから「再開」を押してください。"),
    ),
    Attention.REVIEW_OVERDUE: (
        N_("審査が滞っています"),
        N_("早めに審査してください。審査が終わるまで、申請は待っています。"),
    ),
}
APPLICANTS: Mapping[Applicant, str] = {Applicant.PRINCIPAL: N_("本人"), Applicant.AGENT: N_("代理人")}

DECISIONS: Mapping[str, str] = {
    ReviewDecision.APPROVE: N_("承認しました。"),
    ReviewDecision.RETURN: N_("差し戻しました。理由は申請者にメールで伝えます。"),
    ReviewDecision.REJECT: N_("却下しました。理由は申請者にメールで伝えます。"),
}
_TAKEN = N_("受け付けました。")

ROLES: Mapping[Role, str] = {Role.REVIEWER: N_("審査担当者"), Role.ADMINISTRATOR: N_("管理者")}


def stage(value: Stage) -> str:
    """A stage, in the language of the request."""
    return _(STAGES[value])


def outcome(value: Outcome) -> str:
    """How an enrolment ended, in the language of the request."""
    return _(OUTCOMES[value])


def attention(value: Attention) -> str:
    """What is wrong, in the language of the request."""
    return _(ATTENTIONS[value][0])


def applicant(value: Applicant) -> str:
    """Who applies, in the language of the request."""
    return _(APPLICANTS[value])


def did(what: str) -> str:
    """That something was done, in the language of the request: a review's decision, or anything else."""
    return _(DECISIONS.get(what, _TAKEN))


def role(value: Role) -> str:
    """What an operator is, in the language of the request."""
    return _(ROLES[value])


def age(since: datetime) -> str:
    """How long something has waited, in its largest whole unit."""
    waited = max(datetime.now(UTC) - since, timedelta(0))
    for unit in (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)):
        if waited >= unit:
            return period(waited // unit * unit)
    return period(timedelta(seconds=int(waited.total_seconds())))
