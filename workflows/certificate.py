"""The life of one certificate, from its issuance to its end."""

from datetime import timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict
from temporalio import workflow


class CertificateStart(BaseModel):
    """Which certificate; `serial` in lower-case hexadecimal."""

    model_config = ConfigDict(frozen=True)

    serial: str
    reference: str
    tenant: str
    not_after: AwareDatetime


@workflow.defn(name="Certificate")
class Certificate:
    """Waits for the certificate's end."""

    @workflow.run
    async def run(self, start: CertificateStart) -> None:
        """Live until the certificate does not count any more."""
        rest = start.not_after - workflow.now()
        await workflow.sleep(max(rest, timedelta(0)), summary="有効期限 / end of validity")
