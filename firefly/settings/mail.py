"""The settings of the e-mail that Firefly sends."""

from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from ..addresses import is_loopback


class MailSettings(BaseModel):
    """Without a server nothing is sent."""

    mail_host: str = Field("", description="The SMTP server that e-mail is handed to. Empty: none is sent.")
    mail_port: int = Field(587, ge=1, le=65535, description="Its port.")
    mail_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the way to it is encrypted; `none` is for a server on this machine."
    )
    mail_user: str = Field("", description="Who Firefly is there. Empty: nobody in particular.")
    mail_password: str = Field("", description="That user's password.")
    mail_from: str = Field(
        "Firefly <firefly@localhost>", min_length=3, description="Whom e-mail is from, as in `Firefly <no-reply@…>`."
    )

    @model_validator(mode="after")
    def _keep_the_password(self) -> Self:
        if self.mail_password and self.mail_security == "none" and not is_loopback(self.mail_host):
            raise ValueError("FIREFLY_MAIL_PASSWORD would be read by everybody on the way: set FIREFLY_MAIL_SECURITY")
        return self
