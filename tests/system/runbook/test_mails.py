"""Mails that do not go out, are refused, or go to the wrong address."""

from datetime import timedelta

from domain.reference import Reference
from tests.running.enrolling import ISSUED, Enrolling, People, new_address
from tests.running.waiting import until
from tests.system.runbook.office import Office

MAIL_FAILING = 'jcan_counterpart_failing_seconds{counterpart="mail"}'


async def test_the_mail_server_is_down_and_then_somebody_begs_for_a_new_link(
    office: Office, people: People
) -> None:
    applicant = await people.new()
    async with office.walk("The mail server is down") as entry:
        async with office.mail.away():
            await applicant.register()
            sending = await office.tries(applicant, "send_mail")
            assert sending.failure == "MailDelayed"
            assert await office.stack.figure("worker", MAIL_FAILING) > 0
            seen = await entry.do("temporal workflow describe", REFERENCE=applicant.reference)
            assert "send_mail" in seen
            assert "期限" not in await office.details(applicant)
            sending = await office.tries(applicant, "send_mail", rest=timedelta(seconds=5))
        await office.try_now(applicant, sending)
        first = await applicant.mail()

        async def over() -> bool:
            return "until" in await entry.do("jcan enrolments show", REFERENCE=applicant.reference)

        await until(over, "the link is out and written down")
        assert await office.stack.figure("worker", MAIL_FAILING) == 0
    async with office.walk("Somebody begs for a new link") as entry:
        assert "Accepted" in await entry.do("jcan enrolments resend", REFERENCE=applicant.reference)
        newer = await applicant.mail(number=2)
        assert (await applicant.get(first.link)).status >= 400
        await applicant.press(newer.link)
    await applicant.submit()
    await applicant.shows(ISSUED)


async def test_a_mail_is_refused_and_addresses_are_wrong(office: Office, people: People) -> None:
    mistaken = await people.new(applicant="agent", email=new_address("tarou.takahasi"))
    await mistaken.register()
    async with office.walk("The address is wrong") as wrong:
        assert "Accepted" in await wrong.do("jcan enrolments withdraw", REFERENCE=mistaken.reference)
        await mistaken.mail("withdrawn")

        agent = await people.new(applicant="agent", ticket=mistaken.ticket)
        async with office.walk("A mail was refused") as refused:
            with office.mail.refusing():
                await agent.register()
                await office.marked(agent, "メールが拒否されました", "再開する")
                listed = await refused.do("jcan enrolments list --attention")
                assert f"{Reference.parse(agent.reference).grouped}  registered" in listed
                assert "mail_refused" in listed
            assert "Accepted" in await refused.do("jcan enrolments resume", REFERENCE=agent.reference)
            await agent.press((await agent.mail()).link)
            await office.unmarked(agent)

        nobody, principal = new_address("jiro.takahasi"), new_address("jiro.takahashi")
        await agent.submit(email=nobody, email_confirmation=nobody)
        await agent.mail("approval_request", to=nobody)
        said = await wrong.do("jcan enrolments correct", REFERENCE=agent.reference, ADDRESS=principal)
        assert "Accepted" in said
        request = await agent.mail("approval_request", to=principal)
    person = await people.new()
    approval = await person.press(request.link)
    agreed = {"decision": "approve", "obligations": "yes"}
    await person.post(approval.form_action(), approval.posted_fields() | agreed)
    await agent.shows(ISSUED)
    await erased_by_itself(office, mistaken)


async def erased_by_itself(office: Office, applicant: Enrolling) -> None:
    """Wait until the retention period of somebody without a certificate is over."""
    async with office.console() as console:

        async def erased() -> bool:
            return "消去済み" in (await console.get(f"/console/enrolments/{applicant.reference}")).text

        await until(erased, "the person is erased")
