"""A tenant: one e-contract service's front, with its names, texts and contacts."""

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from domain.email import EmailAddress
from domain.stage import Language
from domain.ticket import CompanyCode

Line = Annotated[str, Field(min_length=1, pattern=r"^[^\r\n]+$")]
Lines = Annotated[tuple[Line, ...], Field(min_length=1)]

_Text = TypeVar("_Text")


class _Checked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Localized(_Checked, Generic[_Text]):
    """The same thing in both languages."""

    ja: _Text
    en: _Text

    def of(self, language: Language) -> _Text:
        """The text in one language."""
        match language:
            case Language.JA:
                return self.ja
            case Language.EN:
                return self.en


class Contact(_Checked):
    """Where applicants ask about their application."""

    department: Localized[Line]
    email: EmailAddress
    phone: Line


class PrivacyDesk(_Checked):
    """Where people ask about their personal data, and when somebody answers."""

    name: Localized[Line]
    phone: Line
    hours: Localized[Line]
    email: EmailAddress


class Tenant(_Checked):
    """One e-contract service's front. `name` is its path segment.

    `operator_name` is the company that runs the registration authority. `mail_label` stands in brackets
    before every subject; `version` and `copyright_year` are the footer's.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    company_code: CompanyCode
    service_name: Localized[Line]
    lra_title: Localized[Line]
    direct_installation: bool
    review: Literal["auto", "operator"]
    approval_by_api: bool

    operator_name: Localized[Line]
    contact: Contact
    obligations: Localized[Lines]
    privacy: Localized[Lines]
    privacy_officer: Localized[Line]
    privacy_desk: PrivacyDesk

    mail_label: Line
    mail_from: EmailAddress
    mail_from_name: Line
    signature: Localized[Lines]

    version: Line
    copyright_year: Annotated[int, Field(ge=2000, le=9999)]
