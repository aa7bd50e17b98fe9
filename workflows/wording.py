"""What operators read in the Temporal UI: what a run waits for, in plain words, in both languages."""

from datetime import datetime, timedelta, timezone

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.revocation import CertificateStage
    from domain.stage import Attention, Stage
    from workflows.life import Life
    from workflows.state import State

_JST = timezone(timedelta(hours=9), "JST")

_WAITS_FOR = {
    Stage.REGISTERED: (
        "申請者が案内メールのURLを開くのを待っています",
        "Waits for the applicant to open the mailed link",
    ),
    Stage.APPLYING: (
        "申請者が発行申請を送信するのを待っています",
        "Waits for the applicant to submit the application",
    ),
    Stage.AWAITING_APPROVAL: (
        "利用者本人の承認を待っています",
        "Waits for the principal to approve",
    ),
    Stage.IN_REVIEW: (
        "LRAの審査を待っています",
        "Waits for the LRA's review",
    ),
    Stage.ISSUING: (
        "電子契約サービスと認証局の処理を待っています",
        "Waits for the e-contract service and the CA",
    ),
    Stage.INSTALLING: (
        "電子契約サービスへの証明書の登録を待っています",
        "Waits for the installation in the e-contract service",
    ),
    Stage.ISSUED: ("発行が完了しました", "The certificate is issued and installed"),
    Stage.EXPIRED: ("期限切れで終了しました", "Ended: a deadline passed"),
    Stage.REFUSED: ("利用者本人の拒否により終了しました", "Ended: the principal refused"),
    Stage.REJECTED: ("却下により終了しました", "Ended: rejected"),
    Stage.WITHDRAWN: ("取り下げにより終了しました", "Ended: withdrawn"),
}

_CAN_DO = {
    Stage.REGISTERED: "`resend_link`, `withdraw`",
    Stage.APPLYING: "`resend_link`, `withdraw`",
    Stage.AWAITING_APPROVAL: "`resend_link`, `correct_principal`, `withdraw`",
    Stage.IN_REVIEW: "`decide_review` (`approve` / `return` / `reject`), `withdraw`",
    Stage.ISSUING: "`certificate_issued`",
}

_CERTIFICATE_IS = {
    CertificateStage.VALID: ("証明書は有効です", "The certificate is valid"),
    CertificateStage.REVOKED: ("証明書は失効しました", "The certificate is revoked"),
    CertificateStage.EXPIRED: ("証明書の有効期間が終わりました", "The certificate has expired"),
}

_ATTENTION = {
    Attention.MAIL_REFUSED: (
        "メールサーバーがURLのメールを拒否しました。アドレスを確かめてください",
        "The mail server refused the link's mail: check the address",
    ),
    Attention.CERTIFICATION_REQUEST_REFUSED: (
        "証明書署名要求を受け付けられません。電子契約サービスに問い合わせてください",
        "The certification request cannot be used: ask the e-contract service",
    ),
    Attention.CERTIFICATE_REFUSED: (
        "認証局の証明書が申請と一致しないか、認証局が拒否しました",
        "The CA's certificate is not what was ordered, or the CA refused the order",
    ),
    Attention.INSTALLATION_REFUSED: (
        "電子契約サービスが証明書の登録を拒否しました",
        "The e-contract service refuses the certificate",
    ),
    Attention.REVIEW_OVERDUE: ("審査が滞っています", "The review is overdue"),
}


def details(state: State) -> str:
    """Give the run's current details in Markdown."""
    japanese, english = _WAITS_FOR[state.stage]
    lines = [f"**{japanese}**  ", f"{english}", "", f"- 開始 / since: {_at(state.since)}"]
    if state.until is not None:
        lines.append(f"- 期限 / until: {_at(state.until)}")
    if state.attention is not None:
        japanese, english = _ATTENTION[state.attention]
        lines.append(f"- ⚠ {japanese} / {english}" + (f" (`{state.problem}`)" if state.problem else ""))
    signals = [_CAN_DO.get(state.stage, "")]
    if state.parked:
        signals.append("`resume`, `give_up`")
    if any(signals):
        lines.append(f"- 送れるシグナル / signals: {', '.join(filter(None, signals))}")
    return "\n".join(lines)


def details_of_certificate(life: Life) -> str:
    """Give the current details of a certificate's run in Markdown."""
    japanese, english = _CERTIFICATE_IS[life.stage]
    lines = [f"**{japanese}**  ", f"{english}", "", f"- 有効期限 / valid until: {_at(life.start.not_after)}"]
    if life.renewed_by is not None:
        lines.append(f"- 更新後の証明書 / successor: `{life.renewed_by}`")
    if life.revocation is not None:
        lines.append(f"- 失効の理由 / reason: `{life.revocation.reason}`")
    elif not life.stage.ended:
        lines.append('- 送れるシグナル / signals: `revoke` (`{"reason": "keyCompromise"}`)')
    return "\n".join(lines)


def _at(moment: datetime) -> str:
    return moment.astimezone(_JST).strftime("%Y-%m-%d %H:%M JST")
