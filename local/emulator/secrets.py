"""Gap: a secret that CloudFormation makes up has punctuation in it, whatever the template says.

`ExcludePunctuation` is not looked at, so that a secret that is to be base64 is none.
"""

import string
from typing import Any

from ministack.services.cloudformation import provisioners

from local.patching import expect_absent, expect_source


def install() -> None:
    """Leave punctuation out where the template says so."""
    stock = provisioners._sm_secret_string
    expect_source(stock, 'exclude = gen.get("ExcludeCharacters", "")')
    expect_absent(stock, "ExcludePunctuation")

    def made_up(props: dict[str, Any]) -> str:
        wanted = dict(props.get("GenerateSecretString") or {})
        if wanted.get("ExcludePunctuation") in (True, "true"):
            wanted["ExcludeCharacters"] = wanted.get("ExcludeCharacters", "") + string.punctuation
            props = {**props, "GenerateSecretString": wanted}
        return str(stock(props))

    provisioners._sm_secret_string = made_up
