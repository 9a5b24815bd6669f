"""Gap: two keys that the conditions of our policies look at have no value on this machine.

* `aws:SecureTransport`: the stack speaks plain HTTP on loopback, so a bucket policy that insists on TLS would refuse
  everything. Every request counts as having come over TLS.
* `aws:SourceAccount`: a service that assumes a role says for which account it does so; MiniStack leaves that out, so a
  role that trusts a service for this account only could never be assumed. There is one account here.
"""

from typing import Any

import ministack.core.iam_evaluator as evaluator

from local.patching import expect_source


def install() -> None:
    """Give both keys the value that they would have on AWS."""
    expect_source(evaluator._resolve_condition_key, 'if k == "aws:securetransport":')
    resolve = evaluator._resolve_condition_key

    def resolve_as_on_aws(key: str, ctx: evaluator.EvalContext) -> Any:
        if key.lower() == "aws:securetransport":
            return "true"
        value = resolve(key, ctx)
        return ctx.principal_account if value is None and key.lower() == "aws:sourceaccount" else value

    evaluator._resolve_condition_key = resolve_as_on_aws
