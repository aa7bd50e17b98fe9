"""Forms: reading a posted one, and what to say about a mistake.

Every problem code has one sentence here in each language; it names the field by the field's label.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request

from domain.problem import Problem
from domain.stage import Language
from web.i18n import N_, translate

MAXIMUM_BODY = 64 * 1024
"""Bytes of a posted form; the longest honest one has some 10 KB."""


@dataclass(frozen=True)
class Mistake:
    """A problem that only the pages know: like `domain.problem.Problem`, with a code out of `SENTENCES`."""

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


# The fields' labels, as on the forms.
LABELS: dict[str, str] = {
    "applicant": N_("申請者"),
    "company_code": N_("企業コード"),
    "ticket_number": N_("チケット番号"),
    "email": N_("メールアドレス"),
    "email_confirmation": N_("（確認）メールアドレス"),
    "picture": N_("画像の文字"),
    "family_name": N_("姓"),
    "given_name": N_("名"),
    "family_name_latin": N_("姓（ローマ字）"),
    "given_name_latin": N_("名（ローマ字）"),
    "family_name_kana": N_("セイ"),
    "given_name_kana": N_("メイ"),
    "company_name": N_("会社名"),
    "company_name_latin": N_("会社名（英語表記）"),
    "corporate_number": N_("法人番号"),
    "phone": N_("電話番号"),
    "validity_years": N_("有効期間"),
    "agent_name": N_("代理人の氏名"),
    "agent_company": N_("代理人の会社名"),
    "reference": N_("受付番号"),
    "review_reason": N_("理由"),
    "quantity": N_("枚数"),
    "expires_on": N_("有効期限"),
    "number": N_("チケット番号または証明書のシリアル番号"),
    "reason": N_("失効の理由"),
    "current_password": N_("現在のパスワード"),
    "new_password": N_("新しいパスワード"),
    "new_password_again": N_("（確認）新しいパスワード"),
}

SENTENCES: dict[str, str] = {
    # rules of domain/
    "applicant_missing": N_("申請者を「本人」と「代理人」から選択してください"),
    "characters": N_("%(label)sに使えない文字が含まれています"),
    "common_name_too_long": N_("ローマ字の名と姓は、合わせて%(max)s文字以内で入力してください"),
    "company_code_format": N_("企業コードは英数字とハイフンで入力してください"),
    "corporate_number_check_digit": N_("法人番号が正しくありません。13桁の数字をもう一度確認してください"),
    "corporate_number_format": N_("法人番号は13桁の数字で入力してください"),
    "email_format": N_("%(label)sの形式が正しくありません（例：taro.yamada@example.jp）"),
    "email_is_agents": N_("代理人のメールアドレスです。利用者本人のメールアドレスを入力してください"),
    "email_mismatch": N_("確認用のメールアドレスが一致しません"),
    "kana_only": N_("%(label)sはカタカナで入力してください"),
    "latin_letters_only": N_("%(label)sはローマ字（半角の英字）で入力してください"),
    "phone_format": N_("電話番号の形式が正しくありません（例：03-0000-0000）"),
    "printable_ascii_only": N_("%(label)sは半角の英数字と記号で入力してください"),
    "reference_format": N_("受付番号の形式が正しくありません（英数字13文字）"),
    "required": N_("%(label)sを入力してください"),
    "revocation_reason_missing": N_("失効の理由を選択してください"),
    "serial_format": N_("証明書のシリアル番号の形式が正しくありません（0～9とa～f）"),
    "ticket_format": N_(
        "チケット番号の形式が正しくありません。お知らせした番号を「1」から「p」まで入力してください"
    ),
    "ticket_or_serial_format": N_(
        "番号の形式が正しくありません。チケット番号は「1」から「p」まで、"
        "証明書のシリアル番号は0～9とa～fで入力してください"
    ),
    "too_long": N_("%(label)sは%(max)s文字以内で入力してください"),
    "validity_choice": N_("有効期間を選択してください"),
    # the picture
    "picture_missing": N_("画像に表示された文字を入力してください"),
    "picture_wrong": N_("画像の文字が一致しません。新しい画像の文字を入力してください"),
    "picture_over": N_("画像の有効期限が切れました。新しい画像の文字を入力してください"),
    # the console
    "date_format": N_("%(label)sは年-月-日の形で入力してください（例：2027-03-31）"),
    "date_past": N_("%(label)sが過ぎています"),
    "password_mismatch": N_("確認用の新しいパスワードが一致しません"),
    "password_name": N_("ユーザー名と同じパスワードは使えません"),
    "password_same": N_("現在のパスワードとは違うものを入力してください"),
    "password_wrong": N_("現在のパスワードが正しくありません"),
    "too_short": N_("%(label)sは%(min)s文字以上で入力してください"),
    "not_verified": N_("会社を公的な情報で確認してから注文してください"),
    "quantity_range": N_("%(label)sは1から%(max)sまでの数字で入力してください"),
    # consent
    "consent_missing": N_(
        "申請を登録するには、「利用者の義務」と「個人情報の取扱いについて」への同意が必要です"
    ),
    # the ticket at the front
    "ticket_unknown": N_(
        "企業コードまたはチケット番号が正しくありません。お知らせした内容をもう一度確認してください"
    ),
    "ticket_used": N_("このチケット番号は使用済みです。別のチケット番号を入力してください"),
    "ticket_cancelled": N_("このチケット番号は取り消されています。別のチケット番号を入力してください"),
    "ticket_expired": N_("このチケット番号は有効期限を過ぎています。別のチケット番号を入力してください"),
    "registration_over": N_("前の申請登録は終了しています。内容を確認して、もう一度登録してください"),
    "ticket_taken": N_(
        "このチケット番号の申請は手続き中です。"
        "別のチケット番号を入力するか、手続き中の申請が終わってから登録してください"
    ),
}

# Where the general sentence would read badly at one field.
FIELD_SENTENCES: dict[tuple[str, str], str] = {
    ("required", "email_confirmation"): N_("確認のため、メールアドレスをもう一度入力してください"),
    ("required", "new_password_again"): N_("確認のため、新しいパスワードをもう一度入力してください"),
}


def problem_text(problem: Problem | Mistake, language: Language, field: str = "") -> str:
    """The sentence for `problem` in `language`; `field` is the name of the field it stands at.

    Raises KeyError for a code without a sentence.
    """
    sentence = FIELD_SENTENCES.get((problem.code, field)) or SENTENCES[problem.code]
    label = translate(LABELS.get(field, N_("この項目")), language)
    return translate(sentence, language, label=label, **dict(problem.params))


def sentences(problems: Mapping[str, Problem | Mistake], language: Language) -> dict[str, str]:
    """Field name to sentence, in the problems' order: what the `errors` macro takes."""
    return {name: problem_text(problem, language, name) for name, problem in problems.items()}


async def posted(request: Request) -> dict[str, str]:
    """The fields of a posted form (application/x-www-form-urlencoded), the last of each name.

    Raises HTTPException 413 for a body that no form of ours could have.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_BODY:
            raise HTTPException(413)
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise HTTPException(400) from None
    return dict(pairs)
