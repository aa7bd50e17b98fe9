"""The words of the stand-in's page, in both languages."""

from collections.abc import Mapping

JAPANESE: Mapping[str, str] = {
    "lang": "ja",
    "other": "en",
    "other_name": "English",
    "name": "電子契約サービス",
    "stand_in": "開発用の代替サービス",
    "heading": "登録された電子証明書",
    "about": "秘密鍵はこのサービスの中で作成され、外に出ることはありません。",
    "empty": "電子証明書はまだ登録されていません。",
    "email": "メールアドレス",
    "reference": "受付番号",
    "subject": "証明書の名義",
    "address": "証明書のメールアドレス",
    "serial": "シリアル番号",
    "validity": "有効期間",
    "until": "から",
    "issuer": "発行者",
    "installed": "登録日時",
    "removed": "削除日時",
    "reason": "失効理由",
    "unspecified": "理由の指定なし",
    "keyCompromise": "秘密鍵の危殆化",
    "affiliationChanged": "所属・名称の変更",
    "superseded": "証明書の差し替え",
    "cessationOfOperation": "利用の終了",
    "privilegeWithdrawn": "利用資格の取消し",
    "in_use": "利用できます",
    "not_in_use": "失効により削除されました",
    "waiting": "証明書の発行を待っています",
    "created": "鍵の作成日時",
    "download": "証明書をダウンロード（PEM）",
    "download_chain": "認証局の証明書も含めてダウンロード（PEM）",
    "skip": "本文へ移動",
    "languages": "言語",
    "missing": "証明書が見つかりません。",
}

ENGLISH: Mapping[str, str] = {
    "lang": "en",
    "other": "ja",
    "other_name": "日本語",
    "name": "E-contract service",
    "stand_in": "stand-in for development",
    "heading": "Installed certificates",
    "about": "Private keys are made inside this service and never leave it.",
    "empty": "No certificate has been installed yet.",
    "email": "E-mail address",
    "reference": "Reference",
    "subject": "Issued to",
    "address": "Address in the certificate",
    "serial": "Serial number",
    "validity": "Valid",
    "until": "to",
    "issuer": "Issued by",
    "installed": "Installed",
    "removed": "Removed",
    "reason": "Reason of revocation",
    "unspecified": "None given",
    "keyCompromise": "Private key compromised",
    "affiliationChanged": "Affiliation or name changed",
    "superseded": "Replaced by another certificate",
    "cessationOfOperation": "No longer used",
    "privilegeWithdrawn": "Entitlement withdrawn",
    "in_use": "Ready for use",
    "not_in_use": "Removed after revocation",
    "waiting": "Waiting for a certificate",
    "created": "Key made",
    "download": "Download the certificate (PEM)",
    "download_chain": "Download it with the CA certificates (PEM)",
    "skip": "Skip to the content",
    "languages": "Language",
    "missing": "There is no such certificate.",
}


def words(asked: str | None, remembered: str | None, accepted: str) -> Mapping[str, str]:
    """Choose the language: asked for now, asked for before, the browser's first, else Japanese."""
    for choice in (asked, remembered, accepted.strip().lower()[:2]):
        if choice in ("ja", "en"):
            return JAPANESE if choice == "ja" else ENGLISH
    return JAPANESE
