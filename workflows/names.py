"""The names in Temporal that scripts and operators rely on."""

from temporalio.common import SearchAttributeKey

TASK_QUEUE = "enrolment"
ENROLMENT = "Enrolment"
CERTIFICATE = "Certificate"
RETENTION = "Retention"
STATUS = "status"

TENANT = SearchAttributeKey.for_keyword("JcanTenant")
STAGE = SearchAttributeKey.for_keyword("JcanStage")
APPLICANT = SearchAttributeKey.for_keyword("JcanApplicant")
ATTENTION = SearchAttributeKey.for_keyword("JcanAttention")
SEARCH_ATTRIBUTES = (TENANT, STAGE, APPLICANT, ATTENTION)
