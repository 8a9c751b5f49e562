"""A worker opens as many files as it may; its phases keep the limit that programs know."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

CODE = """
import resource, sys, uuid
from pathlib import Path
from drain.engine.process.contract import Contract, make_claim
from drain.engine.process.job import prepare, worker_folder
from drain.engine.process.limits import raise_open_files
from drain.engine.process.profile import Profile
from drain.engine.process.spawn import carry_on, start
raise_open_files()
raise_open_files()  # again is nothing
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
worker = uuid.uuid4()
contract = Contract("r", "p", 0, 1, make_claim(worker, uuid.uuid4()))
job = prepare(
    Profile("t", ("sh", "-c", "sleep 0.3; ulimit -n")), contract,
    folder=worker_folder(Path(sys.argv[1]), worker), timeout=30,
)
print(soft == hard, start(job).wait(carry_on).log.tail.strip())
"""


def test_the_soft_limit_is_raised_for_the_worker_and_not_for_its_children(tmp_path: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    ran = subprocess.run(
        [
            "sh",
            "-c",
            f'ulimit -Hn {most}; ulimit -Sn 512; exec "$@"',
            "sh",
            sys.executable,
            "-c",
            CODE,
            str(tmp_path),
        ],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == ["True", "512"]
