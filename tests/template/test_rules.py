"""The template keeps every rule, every rule can be broken, and Checkov has nothing to say that we did not decide on."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import template
from scripts.lint_template import check
from scripts.template import RULES, checkov
from scripts.template.checkov import Exempt, Failed
from scripts.template.reading import ROOT, Template, expand, read_template
from scripts.template.storage import EXPIRING, KEPT
from scripts.template.writing import ANNOUNCED, written_keys
from tests.template.broken import BROKEN, changed, drop, put
from vto.domain import storage

COMMAND = ("-m", "scripts.lint_template")
needs_checkov = pytest.mark.skipif(not checkov.PROGRAM.exists(), reason="`make lint` installs Checkov")


# --- our rules --------------------------------------------------------------------------------------------------------


def test_the_template_keeps_every_rule() -> None:
    assert [str(one) for one in template.findings(read_template())] == []


def test_every_rule_is_shown_to_fail() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(RULES)


def test_every_rule_says_in_one_sentence_what_it_wants() -> None:
    assert [name for name, one in RULES.items() if not one.says.endswith(".") or ". " in one.says] == []


@pytest.mark.parametrize(
    ("rule", "broken", "problem"), BROKEN, ids=[f"{rule}-{problem}" for rule, _, problem in BROKEN]
)
def test_a_rule_names_what_breaks_it_and_what_to_do(rule: str, broken: Template, problem: str) -> None:
    found = RULES[rule].findings(broken)
    assert any(problem in f"{one.where} {one.problem}" for one in found), found
    assert all(one.remedy for one in found)


def test_every_place_where_the_code_puts_objects_expires_or_is_the_catalogue() -> None:
    keys = {
        storage.PRODUCTS,
        storage.STOCK_MODELS,
        storage.user_model_prefix("user"),
        storage.user_mask_prefix("user"),
        storage.prepared_product_key("product", "0" * 64),
        storage.prepared_model_key("model", "user", "0" * 64),
        storage.prepared_model_key("model", None, "0" * 64),
        storage.prepared_mask_key("job"),
        storage.generated_prefix("job", 1),
        storage.result_key("job", storage.MANIFEST),
        storage.derived_key("job", storage.PREVIEWS),
    }
    places = {*EXPIRING["UploadsBucket"], *EXPIRING["ResultsBucket"], *KEPT["UploadsBucket"]}
    assert {key for key in keys if not any(key.startswith(place) for place in places)} == set()
    assert {place for place in places if not any(key.startswith(place) for key in keys)} == set()


def test_everybody_who_may_announce_something_can_write_there() -> None:
    assert set(ANNOUNCED) <= {(function, bucket) for function, bucket, _ in written_keys(read_template())}


# --- Checkov ----------------------------------------------------------------------------------------------------------

PUBLIC = Failed("CKV_AWS_53", "Buckets block public access", "UploadsBucket")
LOGGED = Failed("CKV_AWS_18", "Buckets log who reads them", "UploadsBucket")
UNLOGGED = Exempt("CKV_AWS_18", "Buckets log who reads them", "because", ("UploadsBucket",))


def test_what_checkov_finds_is_a_finding_with_its_remedy() -> None:
    (found,) = checkov.findings([PUBLIC], [])
    assert str(found) == (
        "UploadsBucket: CKV_AWS_53: Buckets block public access; "
        "follow it, or write down in scripts/template/checkov.toml why not"
    )


def test_an_exception_covers_its_own_check_on_its_own_resources_only() -> None:
    other = Failed("CKV_AWS_18", LOGGED.says, "ResultsBucket")
    assert checkov.findings([LOGGED], [UNLOGGED]) == []
    assert [one.where for one in checkov.findings([LOGGED, other, PUBLIC], [UNLOGGED])] == [
        "ResultsBucket",
        "UploadsBucket",
    ]


@pytest.mark.parametrize(
    ("failed", "exempt", "where"),
    [
        ([], Exempt("CKV_AWS_18", "", "because"), "(top level)"),
        ([], UNLOGGED, "UploadsBucket"),
        ([LOGGED], Exempt("CKV_AWS_18", "", "because", ("UploadsBucket", "ResultsBucket")), "ResultsBucket"),
    ],
)
def test_an_exception_that_nothing_needs_is_a_finding(failed: list[Failed], exempt: Exempt, where: str) -> None:
    (found,) = checkov.findings(failed, [exempt])
    assert (found.where, found.problem) == (where, "is exempt from a check that it passes")


def test_every_exception_has_a_reason_and_stands_once() -> None:
    exempt = checkov.exceptions()
    assert len({one.check for one in exempt}) == len(exempt)
    assert all(re.fullmatch(r"CKV2?_AWS_\d+", one.check) and one.title and len(one.reason) > 60 for one in exempt)


def test_where_checkov_is_missing_the_lint_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(checkov.CheckovError, match="make lint"):
        checkov.check(read_template(), tmp_path / "checkov")


@pytest.mark.parametrize("says", ["", "[]", "{}", '{"summary": {"parsing_errors": 1, "passed": 3}}'])
def test_a_checkov_that_reads_nothing_is_no_clean_template(says: str, tmp_path: Path) -> None:
    program = tmp_path / "checkov"
    program.write_text(f"print({says!r})\n")
    program.with_name("python").symlink_to(sys.executable)
    with pytest.raises(checkov.CheckovError):
        checkov.check(read_template(), program)


@needs_checkov
def test_checkov_finds_what_our_rules_do_not_look_for() -> None:
    broken = changed(put("UserPoolClient/Properties/GenerateSecret", True))
    broken["Resources"]["Door"] = {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": "open",
            "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}],
        },
    }
    failed, _ = checkov.check(broken)
    assert "Door" in {one.where for one in checkov.findings(failed, checkov.exceptions())}


# --- the command ------------------------------------------------------------------------------------------------------


def test_make_lint_runs_the_command_with_checkov() -> None:
    prerequisites, _, recipe = (
        (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0].partition("\n")
    )
    assert ".venv-checkov/ready" in prerequisites
    assert f"$(PY) {' '.join(COMMAND)}" in recipe


def test_a_bad_file_fails_the_command_with_one_line_for_each_finding(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"  # JSON is YAML, and long forms need no tags
    bad.write_text(json.dumps(changed(drop("UserPoolClient/Properties/WriteAttributes"))))
    search = os.pathsep.join(str(ROOT / one) for one in ("", "layers/vto"))
    run = subprocess.run(
        [sys.executable, *COMMAND, str(bad)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        check=False,
    )
    problem, remedy = "lets people write attributes of their own account", "write WriteAttributes: [email]"
    line = f"{bad}: UserPoolClient: sign-in: {problem}; {remedy}\n"
    assert (run.returncode, run.stderr) == (1, line)


@pytest.mark.parametrize("text", ["Resources: [", "just words", "Resources: 5"])
def test_a_file_that_is_no_template_is_one_finding(text: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    found, _ = check(tmp_path / "bad.yaml")
    assert [one.rule for one in found] == ["yaml"]


def test_sam_can_expand_what_checkov_is_given() -> None:
    assert "ApiFunctionRole" in expand(read_template())["Resources"]
