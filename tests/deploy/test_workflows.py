"""The GitHub workflows."""

import re
from pathlib import Path

import pytest
import yaml

from tests.deploy.files import PROJECT, WORKFLOWS, development_tool, run
from tests.servers import tool

each_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)


def test_actionlint_has_nothing_to_say() -> None:
    linted = run(tool("actionlint", needs="go"), *WORKFLOWS, cwd=PROJECT)
    assert (linted.stdout, linted.returncode) == ("", 0)


def test_dependabot_understands_its_file() -> None:
    path = PROJECT / ".github/dependabot.yml"
    checked = run(development_tool("check-jsonschema"), "--builtin-schema", "vendor.dependabot", path)
    assert checked.returncode == 0, checked.stdout


@each_workflow
def test_actions_are_pinned_by_commit_and_say_which_version_that_is(workflow: Path) -> None:
    uses = re.findall(r"uses: (.*)", workflow.read_text())
    assert uses
    for used in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used


def test_one_action_has_one_commit() -> None:
    used = {line for workflow in WORKFLOWS for line in re.findall(r"uses: (.*)", workflow.read_text())}
    assert len(used) == len({line.partition("@")[0] for line in used})


@each_workflow
def test_a_workflow_may_read_the_code_and_nothing_else(workflow: Path) -> None:
    content = yaml.safe_load(workflow.read_text())
    assert content["permissions"] == {"contents": "read"}
    for job in content["jobs"].values():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 60


@each_workflow
def test_no_secret_stands_in_a_script(workflow: Path) -> None:
    """In env: or with: only, where it is masked and cannot be taken for shell."""
    for job in yaml.safe_load(workflow.read_text())["jobs"].values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")


def test_the_release_uses_the_secrets_it_is_said_to() -> None:
    text = (PROJECT / ".github/workflows/release.yml").read_text()
    assert set(re.findall(r"secrets\.(\w+)", text)) == {
        "DOCKER_USERNAME", "DOCKER_PASSWORD", "INFLUXDB_URL", "INFLUXDB_TOKEN", "INFLUXDB_ORG", "INFLUXDB_BUCKET",
    }  # fmt: skip
    assert "linux/amd64,linux/arm64,linux/arm/v7" in text
