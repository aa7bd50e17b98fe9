"""How an enrolment ended, in sentences for those concerned: without personal data, and with a way on."""

from dataclasses import dataclass

from domain.stage import Outcome
from web.i18n import N_


@dataclass(frozen=True)
class Ending:
    """A heading and what to do next, as message ids."""

    title: str
    reason: str
    next: str


_TICKET_STAYS_GOOD = N_(
    "チケット番号はもう一度ご利用いただけます。お手数ですが、申請登録からやり直してください。"
)
_ASK_US = N_("ご不明な点は、下記の連絡先までお問い合わせください。")

ENDINGS: dict[Outcome, Ending] = {
    Outcome.INSTALLED: Ending(
        N_("証明書は発行されています"),
        N_("電子証明書は発行され、電子契約サービスに登録されています。"),
        N_("電子契約サービスでそのままご利用いただけます。ほかにお手続きいただくことはありません。"),
    ),
    Outcome.REVOKED: Ending(
        N_("証明書は失効しています"),
        N_("この申請で発行された電子証明書は失効しました。"),
        N_("電子証明書がふたたび必要なときは、新しいチケット番号で申請登録を行ってください。"),
    ),
    Outcome.LINK_EXPIRED: Ending(
        N_("URLの有効期限が過ぎました"),
        N_("有効期限までに発行申請の手続きが始まらなかったため、この申請は終了しました。"),
        _TICKET_STAYS_GOOD,
    ),
    Outcome.APPLICATION_EXPIRED: Ending(
        N_("発行申請の期限が過ぎました"),
        N_("期限までに発行申請が送信されなかったため、この申請は終了しました。"),
        _TICKET_STAYS_GOOD,
    ),
    Outcome.APPROVAL_EXPIRED: Ending(
        N_("承認の期限が過ぎました"),
        N_("期限までに利用者本人の承認がなかったため、この申請は終了しました。"),
        _TICKET_STAYS_GOOD,
    ),
    Outcome.REFUSED_BY_PRINCIPAL: Ending(
        N_("申請は承認されませんでした"),
        N_("利用者本人が申請内容の承認を拒否したため、この申請は終了しました。"),
        N_(
            "申請が必要な場合は、利用者本人とご確認のうえ、申請登録からやり直してください。同じチケット番号をご利用いただけます。"
        ),
    ),
    Outcome.REJECTED_BY_REVIEWER: Ending(
        N_("審査の結果、証明書は発行されません"),
        N_(
            "審査の結果、この申請では電子証明書を発行できないと判断しました。理由はメールでお知らせしています。"
        ),
        N_("チケット番号はもう一度ご利用いただけます。ご不明な点は、下記の連絡先までお問い合わせください。"),
    ),
    Outcome.TICKET_TAKEN: Ending(
        N_("このチケット番号では、別の申請が進んでいます"),
        N_("同じチケット番号で先に別の申請が登録されたため、この申請は終了しました。"),
        N_("別のチケット番号で申請登録を行ってください。"),
    ),
    Outcome.TICKET_UNKNOWN: Ending(
        N_("チケット番号を確認できませんでした"),
        N_("企業コードとチケット番号の組み合わせを確認できなかったため、この申請は終了しました。"),
        N_("番号をお確かめのうえ、申請登録からやり直してください。"),
    ),
    Outcome.TICKET_USED: Ending(
        N_("このチケット番号は使用済みです"),
        N_("チケット番号がすでに使われていたため、この申請は終了しました。"),
        N_("別のチケット番号で申請登録を行ってください。"),
    ),
    Outcome.TICKET_CANCELLED: Ending(
        N_("このチケット番号は取り消されています"),
        N_("チケット番号が取り消されていたため、この申請は終了しました。"),
        N_("別のチケット番号で申請登録を行ってください。"),
    ),
    Outcome.TICKET_EXPIRED: Ending(
        N_("このチケット番号は有効期限が過ぎています"),
        N_("チケット番号の有効期限が過ぎていたため、この申請は終了しました。"),
        N_("別のチケット番号で申請登録を行ってください。"),
    ),
    Outcome.WITHDRAWN_BY_APPLICANT: Ending(
        N_("申請は取り下げられました"),
        N_("申請者の操作により、この申請は取り下げられました。"),
        N_(
            "チケット番号はもう一度ご利用いただけます。証明書が必要な場合は、申請登録からやり直してください。"
        ),
    ),
    Outcome.ADDRESS_CORRECTED: Ending(
        N_("メールアドレスが訂正されました"),
        N_("メールアドレスの訂正により、この申請は取り下げられました。"),
        N_("訂正後のメールアドレスにお送りした新しいメールのURLから、お手続きください。"),
    ),
    Outcome.REPLACED: Ending(
        N_("新しい申請に置き換えられました"),
        N_("同じチケット番号で申請登録がやり直されたため、この申請は終了しました。"),
        N_("いちばん新しいメールのURLから、お手続きください。"),
    ),
    Outcome.CANCELLED_BY_OPERATOR: Ending(
        N_("申請は取り消されました"),
        N_("登録局の担当者により、この申請は取り消されました。"),
        _ASK_US,
    ),
    Outcome.GIVEN_UP: Ending(
        N_("証明書を発行できませんでした"),
        N_("発行の手続きを続けられない問題があったため、この申請は終了しました。"),
        _ASK_US,
    ),
}

UNKNOWN_ENDING = Ending(
    N_("この申請は終了しています"), N_("この申請の手続きはすでに終了しています。"), _ASK_US
)


def ending_of(outcome: Outcome | None) -> Ending:
    """What to say of an end."""
    return UNKNOWN_ENDING if outcome is None else ENDINGS[outcome]
