"""The facts on the status page: whose application it is, and what came of it."""

from fastapi import Request

from domain.application import Application
from domain.stage import Outcome, Stage
from domain.tenant import Tenant
from records.enrolments import Details, Enrolment
from web.dead_links import grouped
from web.i18n import _, language_of, moment
from web.pages import Fact
from web.progress import is_agents


def facts_of(request: Request, tenant: Tenant, enrolment: Enrolment, home: str) -> list[Fact]:
    """The rows in their order; those that nobody knows yet, or that were erased, are left out."""
    rows = [Fact(_("受付番号"), grouped(enrolment.reference), num=True)]
    details = enrolment.details
    if details is not None:
        rows += _people(enrolment, details, home)
        rows.append(Fact(_("チケット番号"), details.ticket_number, num=True))
    rows.append(Fact(_("申請登録の日時"), moment(enrolment.registered_at)))
    if details is not None and details.serial is not None:
        rows += _certificate(request, tenant, enrolment, details)
    return rows


def _people(enrolment: Enrolment, details: Details, home: str) -> list[Fact]:
    application = details.application
    rows = [_principal(application)] if application else []
    if not is_agents(enrolment):
        return [*rows, Fact(_("メールアドレス"), details.email)]
    agent = [application.agent_company, application.agent_name] if application else []
    rows.append(Fact(_("代理人"), [line for line in [*agent, details.email] if line]))
    if application:
        rows.append(_request_for_approval(enrolment, application, home))
    return rows


def _principal(application: Application) -> Fact:
    name = f"{application.family_name} {application.given_name}"
    return Fact(
        _("利用者本人"),
        [
            _("%(name)s（%(latin)s）", name=name, latin=application.subject.common_name),
            application.company_name,
        ],
    )


def _request_for_approval(enrolment: Enrolment, application: Application, home: str) -> Fact:
    if enrolment.stage is not Stage.AWAITING_APPROVAL:
        return Fact(_("承認依頼の送信先"), application.email)
    return Fact(
        _("承認依頼の送信先"),
        application.email,
        link_label=_("訂正する"),
        link_url=f"{home}/status/principal",
    )


def _certificate(request: Request, tenant: Tenant, enrolment: Enrolment, details: Details) -> list[Fact]:
    rows = [Fact(_("証明書のシリアル番号"), details.serial or "", num=True)]
    if details.not_after is not None:
        until = _("%(end)sまで", end=moment(details.not_after))
        rows.append(Fact(_("証明書の有効期間"), until))
    if enrolment.outcome is Outcome.INSTALLED:
        service = tenant.service_name.of(language_of(request))
        rows.append(Fact(_("登録先"), [service, moment(enrolment.since)]))
    return rows
