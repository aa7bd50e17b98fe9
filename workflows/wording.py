"""What operators read in the Temporal UI: what a run waits for and what they can do, in both languages."""

from datetime import datetime, timedelta, timezone

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.revocation import CertificateStage
    from domain.stage import Applicant, Attention, Stage
    from workflows.life import Life
    from workflows.messages import CertificateStart, EnrolmentStart
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

_RESEND = "リンクの再送 / mail a new link: `resend_link`"
_WITHDRAW = '取り下げ / withdraw: `withdraw` `{"by": "operator", "cause": "cancelled"}`'
_CORRECT = '本人のアドレスの訂正 / correct the principal\'s address: `correct_principal` `{"email": "…"}`'
_REVIEW = (
    '承認 / approve: `decide_review` `{"decision": "approve"}`',
    '差し戻し / send back: `decide_review` `{"decision": "return", "reason": "…"}`',
    '却下 / reject: `decide_review` `{"decision": "reject", "reason": "…"}`',
)
_RESUME = "直してから再開 / go on, once it is mended: `resume`"
_RESUME_MAIL = (
    "届くようになってから再開、新しいリンクを送る / once mail gets through, mail a new link: `resume`"
)
_GIVE_UP = "断念 / end it: `give_up`"
_REVOKE = '失効 / revoke for good: `revoke` `{"reason": "keyCompromise"}`'
_NOTHING = "何もしなくてかまいません / Nothing has to be done."

_CAN_DO: dict[Stage, tuple[str, ...]] = {
    Stage.REGISTERED: (_RESEND, _WITHDRAW),
    Stage.APPLYING: (_RESEND, _WITHDRAW),
    Stage.AWAITING_APPROVAL: (_RESEND, _CORRECT, _WITHDRAW),
    Stage.IN_REVIEW: (*_REVIEW, _WITHDRAW),
}

_CERTIFICATE_IS = {
    CertificateStage.VALID: (
        "証明書は有効です。期限の予告と終わりを待っています",
        "The certificate is valid; waits for its reminders and its end",
    ),
    CertificateStage.REVOKED: ("証明書は失効しました", "The certificate is revoked"),
    CertificateStage.EXPIRED: ("証明書の有効期間が終わりました", "The certificate has expired"),
}
_BEING_REVOKED = (
    "失効の手続きをしています。相手が応じるまで繰り返します",
    "Is being revoked; whoever does not answer is asked again",
)

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


_PROBLEMS = {
    "contents_refused": (
        "申請の内容では証明書を作れません。断念し、正しい内容で申請登録からやり直すよう申請者に伝えてください",
        "No certificate can say what was applied for: end it, and have the applicant register again",
    ),
}
"""What needs other words than the attention that it calls for."""


def summary_of_certificate(start: CertificateStart) -> str:
    """Give the summary under which a certificate's run stands in the list of runs."""
    agents = start.applicant is Applicant.AGENT
    kind = "代理人申請の証明書 / applied for by an agent" if agents else "本人申請の証明書 / principal's own"
    return f"{start.tenant} · {kind} · {start.reference}"


def summary_of_retention(start: EnrolmentStart) -> str:
    """Give the summary of the run that waits to erase a person."""
    return f"{start.tenant} · 個人情報の保存期間 / retention of personal data · {start.reference}"


def details(state: State) -> str:
    """Give the run's current details in Markdown."""
    facts = [f"段階 / stage: `{state.stage}`" + (f" (`{state.outcome}`)" if state.outcome else "")]
    facts.append(f"開始 / since: {_at(state.since)}")
    if state.until is not None:
        facts.append(f"期限 / until: {_at(state.until)}")
    if state.attention is not None:
        japanese, english = _PROBLEMS.get(state.problem or "", _ATTENTION[state.attention])
        facts.append(f"⚠ {japanese} / {english}" + (f" (`{state.problem}`)" if state.problem else ""))
    return _page(_WAITS_FOR[state.stage], facts, None if state.stage.ended else _can_be_done(state))


def _can_be_done(state: State) -> list[str]:
    """What an operator can do now, and the signal that does it; only what would be accepted."""
    if state.called_off:
        return []
    acts = [*_CAN_DO.get(state.stage, ())]
    if state.parked:
        acts += [_RESUME_MAIL if state.attention is Attention.MAIL_REFUSED else _RESUME, _GIVE_UP]
    if state.stage is Stage.ISSUING and not state.ordered:
        acts.append(_WITHDRAW)
    elif state.stage is Stage.ISSUING and not state.parked:
        order = f'`{{"order_id": "{state.order_id}"}}`'
        acts.append(f"認証局が発行した / the CA has issued: `certificate_issued` {order}")
    if state.stage is Stage.INSTALLING:
        acts.append(f"{_REVOKE} → run `certificate-{state.serial}`")
    return acts


def details_of_certificate(life: Life) -> str:
    """Give the current details of a certificate's run in Markdown."""
    facts = [f"段階 / stage: `{life.stage}`", f"開始 / since: {_at(life.since)}"]
    facts.append(f"有効期限 / valid until: {_at(life.start.not_after)}")
    if life.renewed_by is not None:
        facts.append(f"更新後の証明書 / successor: `{life.renewed_by}`")
    if life.revocation is None:
        return _page(_CERTIFICATE_IS[life.stage], facts, None if life.stage.ended else [_REVOKE])
    facts.append(f"失効の理由 / reason: `{life.revocation.reason}`")
    if life.stage.ended:
        return _page(_CERTIFICATE_IS[life.stage], facts, None)
    return _page(_BEING_REVOKED, facts, [])


def details_of_retention(until: datetime) -> str:
    """Give the current details of a run that waits to erase a person, in Markdown."""
    waits_for = (
        "保存期間の終わりを待っています",
        "Waits for the end of the retention period, to erase the person",
    )
    by_hand = "すぐに消去する / erase at once: `jcan shred`"
    return _page(waits_for, [f"期限 / until: {_at(until)}"], [by_hand])


def _page(waits_for: tuple[str, str], facts: list[str], acts: list[str] | None) -> str:
    """The Markdown; `acts` is None where everything is over."""
    japanese, english = waits_for
    lines = [f"**{japanese}**  ", english, "", *(f"- {fact}" for fact in facts)]
    if acts is not None:
        lines += ["", "**できること / What you can do**", ""]
        lines += [f"- {act}" for act in acts] or [_NOTHING]
    return "\n".join(lines)


def _at(moment: datetime) -> str:
    return moment.astimezone(_JST).strftime("%Y-%m-%d %H:%M JST")
