"""Addresses of services that run phases: what no host could use is refused with one sentence."""

from __future__ import annotations

import pytest

from drain.policy.remote import Kind, Remote

JOBS = "https://jobs.example/api/jobs"


@pytest.mark.parametrize(
    "remote",
    [
        Remote(Kind.HTTP, JOBS),
        Remote(Kind.HTTP, "http://10.0.0.7:8080/jobs?queue=slow"),
        Remote(Kind.HTTP, JOBS, poll_url=f"{JOBS}?id={{submission_id}}"),
        Remote(Kind.RAY, "http://[fd00::1]:8265", headers={"Authorization": "RAY_AUTH"}),
    ],
)
def test_what_a_host_could_use_has_no_problem(remote: Remote) -> None:
    assert remote.problem() == ""
    assert Remote.from_json(remote.to_json()) == remote


@pytest.mark.parametrize(
    ("remote", "words"),
    [
        (Remote(Kind.HTTP, ""), "needs --url"),
        (Remote(Kind.HTTP, "jobs.example"), "takes an address like"),
        (Remote(Kind.HTTP, "file:///etc/passwd"), "takes an address like"),
        (Remote(Kind.HTTP, "http://"), "takes an address like"),
        (Remote(Kind.HTTP, "http://h:99999/"), "is no address"),
        (Remote(Kind.HTTP, "http://[::1/"), "is no address"),
        (Remote(Kind.HTTP, "http://u:p@h/"), "would show its password"),
        (Remote(Kind.HTTP, "http://h/a b"), "characters that belong to no address"),
        (Remote(Kind.HTTP, "http://h/\r\nX: y"), "characters that belong to no address"),
        (Remote(Kind.HTTP, "http://h/é"), "characters that belong to no address"),
        (Remote(Kind.HTTP, f"http://h/{'x' * 2000}"), "or too many"),
        (Remote(Kind.HTTP, "http://h/#x"), "has a fragment"),
        (Remote(Kind.HTTP, JOBS, poll_url=JOBS), "put {submission_id} into it"),
        (Remote(Kind.HTTP, JOBS, cancel_url="ftp://h/{submission_id}"), "--cancel-url takes"),
        (Remote(Kind.HTTP, JOBS, headers={"Host": "X"}), "'Host' cannot be a header"),
        (Remote(Kind.HTTP, JOBS, headers={"a b": "X"}), "'a b' cannot be a header"),
        (Remote(Kind.HTTP, JOBS, headers={"X-Key": "s3cr3t!"}), "HEADER=VARIABLE"),
        (Remote(Kind.RAY, JOBS, log_url=f"{JOBS}/{{submission_id}}"), "has one address"),
    ],
)  # fmt: skip
def test_what_no_host_could_use_is_refused_with_one_sentence(remote: Remote, words: str) -> None:
    assert words in remote.problem()
