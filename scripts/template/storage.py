"""Rules about buckets and tables: who reaches them, how long things stay, what becomes of them."""

from collections.abc import Iterator
from typing import Any

from asl.lint.framework import Problem, rule
from scripts.template.reading import (
    BUCKET,
    BUCKET_POLICY,
    POOL,
    QUEUE,
    QUEUE_POLICY,
    TABLE,
    TOPIC,
    TOPIC_POLICY,
    Template,
    listed,
    named,
    notifications,
    references,
    resources,
)
from scripts.template.writing import written_keys

STATEFUL = (TABLE, BUCKET, POOL)
OVER_PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}

# Prefixes that hold people's pictures or what was made of them, and the most days that each is kept.
RETENTION = "RetentionDays"
EXPIRING: dict[str, dict[str, int | str]] = {
    "UploadsBucket": {
        "models/users/": 1,
        "masks/": 1,
        "prepared/models/users/": RETENTION,
        "prepared/masks/": RETENTION,
    },
    "ResultsBucket": {"generated/": 1, "results/": RETENTION, "derived/": RETENTION},
}
# Prefixes that stay, and why.
KEPT: dict[str, dict[str, str]] = {
    "UploadsBucket": {
        "products/": "the shop's catalogue, as the shop uploaded it",
        "models/stock/": "the shop's own models, as the shop uploaded them",
        "prepared/products/": "made from the shop's catalogue, and offered as long as the product is",
        "prepared/models/stock/": "made from the shop's own models, and offered as long as they are",
    },
}


@rule()
def kept_state(template: Template) -> Iterator[Problem]:
    """Tables, buckets and user pools outlive the stack, but not a creation that failed."""
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] in STATEFUL:
            if resource.get("DeletionPolicy") != "RetainExceptOnCreate":
                problem = "would be deleted with the stack, or block its next creation"
                yield logical_id, problem, "write DeletionPolicy: RetainExceptOnCreate"
            if resource.get("UpdateReplacePolicy") != "Retain":
                problem = "would lose its contents when an update replaces it"
                yield logical_id, problem, "write UpdateReplacePolicy: Retain"


@rule()
def notifying_buckets(template: Template) -> Iterator[Problem]:
    """A bucket that notifies waits for its queue's policy, which names the bucket by text: S3 asks while it is made."""
    for bucket, _, queue in notifications(template):
        waits_for = listed(template["Resources"][bucket].get("DependsOn", []))
        policies = {
            name: policy["PolicyDocument"]
            for name, policy in resources(template, QUEUE_POLICY)
            if queue in {named(one) for one in policy["Queues"]}
        }
        if not policies or not set(policies) <= set(waits_for):
            yield bucket, f"does not wait for the policy of {queue}", "name that policy in DependsOn"
        for policy, document in policies.items():
            if bucket in references(document):
                yield policy, f"refers to {bucket}, which waits for it", "write the bucket's name with Fn::Sub"
            if "arn:${AWS::Partition}:s3:::${AWS::StackName}" not in str(document):
                yield policy, "does not say by name which bucket may send", "add a condition on aws:SourceArn"
            if "aws:SourceAccount" not in str(document):
                yield policy, "lets a bucket of that name in any account send", "add a condition on aws:SourceAccount"


@rule()
def private_buckets(template: Template) -> Iterator[Problem]:
    """No bucket can be made public, by a policy or by an access list."""
    for bucket, properties in resources(template, BUCKET):
        block = properties.get("PublicAccessBlockConfiguration", {})
        if len(block) != 4 or not all(value is True for value in block.values()):
            yield bucket, "may be made public", "set all four of PublicAccessBlockConfiguration to true"
        rules = properties.get("OwnershipControls", {}).get("Rules", [])
        if [one["ObjectOwnership"] for one in rules] != ["BucketOwnerEnforced"]:
            yield bucket, "obeys access lists", "set ObjectOwnership: BucketOwnerEnforced"


@rule()
def encrypted(template: Template) -> Iterator[Problem]:
    """Buckets, tables and queues say how they are encrypted: a default is nobody's decision."""
    for bucket, properties in resources(template, BUCKET):
        if not properties.get("BucketEncryption"):
            yield bucket, "is not encrypted explicitly", "add BucketEncryption with AES256"
    for table, properties in resources(template, TABLE):
        if properties.get("SSESpecification") != {"SSEEnabled": True}:
            yield table, "is not encrypted explicitly", "write SSESpecification: {SSEEnabled: true}"
    for queue, properties in resources(template, QUEUE):
        if properties.get("SqsManagedSseEnabled") is not True:
            yield queue, "is not encrypted", "write SqsManagedSseEnabled: true"


@rule()
def tls_only(template: Template) -> Iterator[Problem]:
    """Buckets, queues and topics refuse what does not come over TLS, whoever asks."""
    for kind, policy_kind, of, service in (
        (BUCKET, BUCKET_POLICY, "Bucket", "s3:*"),
        (QUEUE, QUEUE_POLICY, "Queues", "sqs:*"),
        (TOPIC, TOPIC_POLICY, "Topics", "sns:Publish"),
    ):
        protected = {
            named(one)
            for _, policy in resources(template, policy_kind)
            for statement in listed(policy["PolicyDocument"]["Statement"])
            if _refuses_plain_http(statement, service)
            for one in listed(policy[of])
            if _is_about(statement, named(one), whole_bucket=kind == BUCKET)
        }
        for logical_id, _ in resources(template, kind):
            if logical_id not in protected:
                remedy = f"deny {service} to everybody where aws:SecureTransport is false, in an {policy_kind}"
                yield logical_id, "answers without TLS", remedy


def _refuses_plain_http(statement: dict[str, Any], service: str) -> bool:
    return (
        statement["Effect"] == "Deny"
        and statement.get("Principal") == "*"
        and service in listed(statement["Action"])
        and statement.get("Condition") == OVER_PLAIN_HTTP
    )


def _is_about(statement: dict[str, Any], logical_id: str | None, *, whole_bucket: bool) -> bool:
    """Whether a statement speaks of a resource: a bucket's of its objects too; "*" is whatever the policy is put on."""
    about = listed(statement["Resource"])
    if whole_bucket:
        return len(about) == 2 and references(about) == {logical_id}
    return about == ["*"] or logical_id in references(about)


@rule()
def expiry(template: Template) -> Iterator[Problem]:
    """Every prefix of a bucket expires, or is the catalogue; old versions and unfinished uploads stay a day."""
    for bucket, properties in resources(template, BUCKET):
        rules = properties.get("LifecycleConfiguration", {}).get("Rules", [])
        on = [one for one in rules if one.get("Status") == "Enabled"]
        days = {one["Prefix"]: one["ExpirationInDays"] for one in on if one.get("Prefix") and "ExpirationInDays" in one}
        wanted = EXPIRING.get(bucket, {})
        if not days:
            yield bucket, "keeps everything for ever", "add a lifecycle rule with ExpirationInDays for each prefix"
        for prefix, most in wanted.items():
            if prefix not in days:
                yield bucket, f"{prefix} is kept for ever", "add a lifecycle rule with ExpirationInDays"
            elif most == RETENTION and days[prefix] != {"Ref": RETENTION}:
                yield (
                    bucket,
                    f"{prefix} is not kept as long as RetentionDays says",
                    f"let it expire in !Ref {RETENTION}",
                )
            elif isinstance(most, int) and days[prefix] != most:
                yield bucket, f"{prefix} is kept longer than a day", f"let it expire in {most} day"
        settled = {*days, *KEPT.get(bucket, {})}
        used = {one["prefix"] for name, one, _ in notifications(template) if name == bucket}
        used |= {key for _, name, key in written_keys(template) if name == bucket}
        for prefix in sorted(used):
            if not any(prefix.startswith(one) or one.startswith(prefix) for one in settled):
                yield bucket, f"nobody decided how long {prefix} is kept", "let it expire, or list it in KEPT with why"
        everywhere = [one for one in on if not one.get("Prefix")]
        if not any(one.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays") == 1 for one in everywhere):
            yield bucket, "keeps old versions for more than a day", "add NoncurrentVersionExpiration of one day"
        if not any(one.get("AbortIncompleteMultipartUpload") for one in everywhere):
            yield bucket, "keeps unfinished uploads", "add AbortIncompleteMultipartUpload"


@rule()
def tables(template: Template) -> Iterator[Problem]:
    """A table can be brought back, forgets by its ttl, and costs nothing while nobody uses it."""
    for table, properties in resources(template, TABLE):
        if properties.get("PointInTimeRecoverySpecification") != {"PointInTimeRecoveryEnabled": True}:
            yield table, "cannot be brought back", "enable PointInTimeRecoverySpecification"
        if properties.get("TimeToLiveSpecification") != {"AttributeName": "ttl", "Enabled": True}:
            yield table, "keeps rows for ever", "enable TimeToLiveSpecification on ttl"
        if properties.get("BillingMode") != "PAY_PER_REQUEST":
            yield table, "costs while nobody uses it", "write BillingMode: PAY_PER_REQUEST"
