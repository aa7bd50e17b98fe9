"""What is stored about people and cannot be read any more: the error says so without quoting it."""

import pytest
from pydantic import BaseModel, ValidationError

from records.enrolments import Details, Enrolment, Standing
from web.registration_form import Form, Told

PERSONAL = "taro.takahashi@example.jp"


@pytest.mark.parametrize("model", [Details, Standing, Enrolment, Form, Told])
def test_a_bad_stored_value_does_not_quote_itself(model: type[BaseModel]) -> None:
    values: dict[str, object] = {name: [PERSONAL] for name in model.model_fields}
    with pytest.raises(ValidationError) as refused:
        model.model_validate(values)
    assert PERSONAL not in str(refused.value)
