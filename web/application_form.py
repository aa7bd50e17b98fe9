"""The application form: its fields, where they are filled in from, and how they read once checked."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from domain.application import Application, check_application
from domain.problem import FieldErrors, Problem
from domain.stage import Applicant
from domain.subject import Subject
from records.enrolments import Details
from web.forms import LABELS
from web.i18n import N_, _
from web.pages import Fact

_TEXTS = (
    "family_name",
    "given_name",
    "family_name_latin",
    "given_name_latin",
    "family_name_kana",
    "given_name_kana",
    "company_name",
    "company_name_latin",
    "corporate_number",
    "phone",
    "validity_years",
)
_AGENTS = ("email", "email_confirmation", "agent_name", "agent_company")

# More than any rule allows, so that what is too long is told and not cut off.
_KEPT_CHARACTERS = 1000


@dataclass(frozen=True)
class Check:
    """A typed form, looked through: the application, or what is wrong with it."""

    application: Application | None
    problems: Mapping[str, Problem]


@dataclass(frozen=True)
class Group:
    """Facts under one heading."""

    title: str
    facts: list[Fact]


def field_names(applicant: Applicant) -> tuple[str, ...]:
    """The fields that this kind of applicant fills in."""
    return _TEXTS + _AGENTS if applicant is Applicant.AGENT else _TEXTS


def typed(applicant: Applicant, posted: Mapping[str, str]) -> dict[str, str]:
    """What was typed, out of what was posted; anything else is left out."""
    return {name: posted.get(name, "")[:_KEPT_CHARACTERS] for name in field_names(applicant)}


def first_filled(applicant: Applicant, details: Details, before: Application | None = None) -> dict[str, str]:
    """The form before anything was typed: as it was sent last time, or with the ticket's organisation.

    `before` is the application whose certificate this one renews.
    """
    empty = dict.fromkeys(field_names(applicant), "")
    if details.application is not None:
        return empty | _filled(applicant, details.application)
    organisation = {
        "company_name": details.company_name,
        "company_name_latin": details.company_name_latin,
        "corporate_number": details.corporate_number,
    }
    return empty | (_filled(applicant, before) if before is not None else {}) | organisation


def _filled(applicant: Applicant, application: Application) -> dict[str, str]:
    sent = application.model_dump()
    known = {name: str(sent[name]) for name in field_names(applicant) if sent.get(name) is not None}
    if applicant is Applicant.AGENT:
        known["email_confirmation"] = application.email
    return known


def check(applicant: Applicant, fields: Mapping[str, str], registered_email: str) -> Check:
    """Look a typed form through."""
    try:
        return Check(check_application(fields, applicant, registered_email), {})
    except FieldErrors as errors:
        return Check(None, errors.problems)


def fingerprint(application: Application) -> str:
    """What the confirmation page was showing, so that a change made in another tab is noticed."""
    content = json.dumps(application.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def whose(fields: Mapping[str, str]) -> str:
    """The principal's name as far as it was typed."""
    return " ".join(part for part in (fields["family_name"].strip(), fields["given_name"].strip()) if part)


def certificate_facts(subject: Subject) -> list[Fact]:
    """What will stand in the certificate."""
    return [
        Fact(_("氏名（ローマ字）"), subject.common_name),
        Fact(_("会社名（英語表記）"), subject.organization),
        Fact(_("法人番号"), subject.corporate_number, num=True),
        Fact(_("メールアドレス"), subject.email),
    ]


def groups_of(application: Application) -> list[Group]:
    """An application as it is confirmed and approved: by what its data are for."""
    reviewed = [
        Fact(_("氏名"), f"{application.family_name} {application.given_name}"),
        Fact(_("フリガナ"), f"{application.family_name_kana} {application.given_name_kana}"),
        Fact(_("会社名"), application.company_name),
        Fact(_("電話番号"), application.phone),
    ]
    named = certificate_facts(application.subject)
    named.append(Fact(_("有効期間"), _("1年") if application.validity_years == 1 else _("2年")))
    groups = [Group(_("証明書に記載される内容"), named), Group(_("審査で確認する内容"), reviewed)]
    return groups + agent_groups(application)


def agent_groups(application: Application) -> list[Group]:
    """Who applied for the principal; nothing where the principal did."""
    if application.agent_name is None:
        return []
    agent = [
        Fact(_("代理人の氏名"), application.agent_name),
        Fact(_("代理人の会社名"), application.agent_company or ""),
    ]
    return [Group(_("申請した代理人"), agent)]


def label_of(name: str, applicant: Applicant) -> str:
    """A field's label on this form."""
    if applicant is Applicant.AGENT and name in _AGENTS_LABELS:
        return _(_AGENTS_LABELS[name])
    return _(LABELS[name])


_AGENTS_LABELS = {
    "email": N_("利用者本人のメールアドレス"),
    "email_confirmation": N_("（確認）利用者本人のメールアドレス"),
    "agent_name": N_("代理人の氏名"),
    "agent_company": N_("代理人の会社名"),
}
