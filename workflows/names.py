"""The task queue, the workflow type, its query and the search attributes; scripts and operators rely on their names."""

from temporalio.common import SearchAttributeKey

TASK_QUEUE = "enrolment"
ENROLMENT = "Enrolment"
STATUS = "status"

TENANT = SearchAttributeKey.for_keyword("JcanTenant")
STAGE = SearchAttributeKey.for_keyword("JcanStage")
APPLICANT = SearchAttributeKey.for_keyword("JcanApplicant")
ATTENTION = SearchAttributeKey.for_keyword("JcanAttention")
SEARCH_ATTRIBUTES = (TENANT, STAGE, APPLICANT, ATTENTION)
