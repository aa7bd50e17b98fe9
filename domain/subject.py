"""Whom a certificate names."""

from pydantic import BaseModel, ConfigDict


class Subject(BaseModel):
    """The certificate's subject: Latin names as typed, the organisation's English name and its 法人番号."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    surname: str
    given_name: str
    organization: str
    corporate_number: str
    email: str

    @property
    def common_name(self) -> str:
        """Given name and surname, e.g. `Taro Takahashi`."""
        return f"{self.given_name} {self.surname}"
