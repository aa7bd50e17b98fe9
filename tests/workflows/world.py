"""The world as an enrolment sees it: counterparts that answer from memory, and break on demand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.authority import (
    CheckRequest,
    FetchCertificate,
    Fetched,
    OrderCertificate,
    Ordered,
    RequestVerdict,
    RevokeCertificate,
    Revoked,
    order_id_of,
)
from activities.certificates import Kin, RecordCertificate
from activities.econtract import (
    CreateCredential,
    Credential,
    DeleteCredential,
    InstallCertificate,
    Installed,
    RemoveCertificate,
)
from activities.erasure import Shred
from activities.events import StageChanged
from activities.journal import Record
from activities.tickets import Reservation, ReserveTicket
from domain.stage import Outcome
from mailing.letter import Letter, LetterKind, Posted
from records.tickets import Organisation

SAMPLE = Organisation(
    corporate_number="9999999999999", company_name="株式会社サンプル", company_name_latin="Sample Corporation"
)


@dataclass
class World:
    """What the counterparts did, and how they are to behave.

    `away` names the activities that fail as long as they are in it; `refuses` maps an activity to the code of
    its refusal; `full` are addresses whose mailbox takes nothing for now; `issued` says whether the CA has
    the certificate yet.
    """

    letters: list[Letter] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    events: list[StageChanged] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    shredded: list[str] = field(default_factory=list)
    away: set[str] = field(default_factory=set)
    refuses: dict[str, str] = field(default_factory=dict)
    full: set[str] = field(default_factory=set)
    ticket_refusal: Outcome | None = None
    replaced: str | None = None
    issued: bool = True
    kin: Kin = field(default_factory=Kin)
    certificate_records: list[RecordCertificate] = field(default_factory=list)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def kinds(self) -> list[LetterKind]:
        """The letters that were accepted, in order."""
        return [letter.kind for letter in self.letters]

    def ticket_effects(self) -> list[str]:
        """What became of the ticket, in order."""
        return [record.ticket for record in self.records if record.ticket != "keep"]

    def actions(self) -> list[str]:
        """The audit trail's actions, in order."""
        return [entry.action for record in self.records for entry in record.entries]

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.away:
            raise ApplicationError("away")

    @activity.defn(name="reserve_ticket")
    async def reserve_ticket(self, _: ReserveTicket) -> Reservation:
        """The ticket is there unless told otherwise."""
        self._called("reserve_ticket")
        if self.ticket_refusal is not None:
            return Reservation(refusal=self.ticket_refusal)
        return Reservation(organisation=SAMPLE, replaced=self.replaced)

    @activity.defn(name="record_standing")
    async def record_standing(self, record: Record) -> None:
        """Keep what is written down."""
        self._called("record_standing")
        self.records.append(record)

    @activity.defn(name="deliver_event")
    async def deliver_event(self, event: StageChanged) -> None:
        """Taken."""
        self._called("deliver_event")
        self.events.append(event)

    @activity.defn(name="send_mail")
    async def send_mail(self, letter: Letter) -> Posted:
        """Accept the letter at the present of its run."""
        self._called("send_mail")
        if letter.to in self.full:
            raise ApplicationError("mailbox full", type="MailDelayed")
        if "send_mail" in self.refuses:
            return Posted(refusal=self.refuses["send_mail"])
        self.letters.append(letter)
        return Posted(accepted_at=self.clock())

    @activity.defn(name="create_credential")
    async def create_credential(self, create: CreateCredential) -> Credential:
        """One credential per reference."""
        self._called("create_credential")
        if "create_credential" in self.refuses:
            return Credential(problem=self.refuses["create_credential"])
        return Credential(credential_id=f"credential-{create.reference}", csr="csr")

    @activity.defn(name="delete_credential")
    async def delete_credential(self, _: DeleteCredential) -> None:
        """Gone."""
        self._called("delete_credential")

    @activity.defn(name="install_certificate")
    async def install_certificate(self, _: InstallCertificate) -> Installed:
        """Installed."""
        self._called("install_certificate")
        return Installed(problem=self.refuses.get("install_certificate"))

    @activity.defn(name="check_request")
    async def check_request(self, _: CheckRequest) -> RequestVerdict:
        """Good unless told otherwise."""
        self._called("check_request")
        problem = self.refuses.get("check_request")
        return RequestVerdict(accepted=problem is None, problem=problem)

    @activity.defn(name="order_certificate")
    async def order_certificate(self, order: OrderCertificate) -> Ordered:
        """Accepted unless told otherwise."""
        self._called("order_certificate")
        order_id = order_id_of(order.reference, order.round)
        return Ordered(order_id=order_id, problem=self.refuses.get("order_certificate"))

    @activity.defn(name="fetch_certificate")
    async def fetch_certificate(self, fetch: FetchCertificate) -> Fetched:
        """There once it is issued."""
        self._called("fetch_certificate")
        if not self.issued:
            raise ApplicationError("not issued yet", type="NotIssuedYet")
        if "fetch_certificate" in self.refuses:
            problem = self.refuses["fetch_certificate"]
            return Fetched(serial="5f", problem=problem, findings=["jcan.unreadable"])
        now = datetime.now(UTC)
        return Fetched(
            serial=f"{abs(hash(fetch.order_id)):x}",
            certificate="certificate",
            chain=["chain"],
            not_before=now,
            not_after=now + timedelta(days=365),
        )

    @activity.defn(name="revoke_certificate")
    async def revoke_certificate(self, revoke: RevokeCertificate) -> Revoked:
        """Revoked, at the activity's own time."""
        self._called("revoke_certificate")
        return Revoked(revoked_at=activity.info().started_time, reason=revoke.reason)

    @activity.defn(name="remove_certificate")
    async def remove_certificate(self, remove: RemoveCertificate) -> None:
        """Gone."""
        assert remove.serial
        self._called("remove_certificate")

    @activity.defn(name="record_certificate")
    async def record_certificate(self, record: RecordCertificate) -> None:
        """Keep what is written down."""
        self._called("record_certificate")
        self.certificate_records.append(record)

    @activity.defn(name="find_kin")
    async def find_kin(self, serial: str) -> Kin:
        """No kin unless told otherwise."""
        assert serial
        self._called("find_kin")
        return self.kin

    @activity.defn(name="shred")
    async def shred(self, shred: Shred) -> bool:
        """Nothing is kept."""
        self._called("shred")
        self.shredded.append(shred.reference)
        return True

    def activities(self) -> Sequence[Callable[..., Any]]:
        """All of them, for a worker."""
        return [
            self.reserve_ticket,
            self.record_standing,
            self.deliver_event,
            self.send_mail,
            self.create_credential,
            self.delete_credential,
            self.install_certificate,
            self.check_request,
            self.order_certificate,
            self.fetch_certificate,
            self.revoke_certificate,
            self.remove_certificate,
            self.record_certificate,
            self.find_kin,
            self.shred,
        ]
