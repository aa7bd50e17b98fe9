"""The words of the mailbox's pages, in both languages."""

from collections.abc import Mapping

JAPANESE: Mapping[str, str] = {
    "lang": "ja",
    "other": "en",
    "other_name": "English",
    "name": "受信メール",
    "about": "この環境から送られたメールはすべてここに届き、外部には送信されません。",
    "empty": "メールはまだ届いていません。",
    "received": "受信日時",
    "to": "宛先",
    "from": "差出人",
    "subject": "件名",
    "no_subject": "（件名なし）",
    "back": "受信メール一覧へ",
    "links": "このメールのリンク",
    "html": "表示",
    "text": "テキスト",
    "source": "ソース",
    "new_mail": "新しいメールが届きました。",
    "reload": "更新",
    "missing_title": "メールが見つかりません",
    "missing": "削除されたか、アドレスが正しくありません。",
    "refusals": "@refused.example 宛は恒久的に、@later.example 宛は一時的に拒否されます。",
    "skip": "本文へ移動",
    "languages": "言語",
    "new_window": "新しいウィンドウで開きます",
}

ENGLISH: Mapping[str, str] = {
    "lang": "en",
    "other": "ja",
    "other_name": "日本語",
    "name": "Received mail",
    "about": "Every mail that this installation sends arrives here; none leaves this machine.",
    "empty": "No mail has arrived yet.",
    "received": "Received",
    "to": "To",
    "from": "From",
    "subject": "Subject",
    "no_subject": "(no subject)",
    "back": "All mail",
    "links": "Links in this mail",
    "html": "As shown",
    "text": "As text",
    "source": "Source",
    "new_mail": "New mail has arrived.",
    "reload": "Show it",
    "missing_title": "There is no such mail",
    "missing": "It was removed, or the address is not right.",
    "refusals": "Mail to @refused.example is refused for good, mail to @later.example for now.",
    "skip": "Skip to the content",
    "languages": "Language",
    "new_window": "opens in a new window",
}


def words(asked: str | None, remembered: str | None, accepted: str) -> Mapping[str, str]:
    """Choose the language: asked for now, asked for before, the browser's first, else Japanese."""
    for choice in (asked, remembered, accepted.strip().lower()[:2]):
        if choice in ("ja", "en"):
            return JAPANESE if choice == "ja" else ENGLISH
    return JAPANESE
