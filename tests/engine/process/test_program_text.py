"""A name that somebody imported never runs as code, however an executor is written."""

from __future__ import annotations

import shlex

import pytest

from drain.engine.process.errors import TemplateError
from drain.engine.process.template import inspect

PROGRAMS = """
sh -c {phase_id}
sh -c 'echo {phase_id}'
sh -ec 'echo {phase_id}'
sh -c'echo {phase_id}'
/bin/sh -c "curl http://x/{phase_id}"
bash -lc {params[x]}
bash --norc -c {phase_id}
bash -o pipefail -c 'x {run_id}'
dash -c {phase_id}
busybox sh -c {phase_id}
env sh -c {phase_id}
env -S 'sh -c {phase_id}'
timeout 5 sh -c {phase_id}
nice -n 5 bash -c 'x; {phase_id}'
sudo -u x bash -c {phase_id}
docker exec c sh -c {phase_id}
kubectl exec pod -- sh -c 'x {phase_id}'
python -c 'print("{phase_id}")'
python3.12 -c {phase_id}
python -Ic {phase_id}
python {params[script]}
python -m {params[module]}
python -X utf8 {params[script]}
perl -e {phase_id}
perl -ne 'print if /{phase_id}/'
perl -E {phase_id}
ruby -e {phase_id}
node -e {phase_id}
node --eval {phase_id}
node --eval={phase_id}
node -p {phase_id}
node --print={phase_id} x
php -r {phase_id}
lua -e {phase_id}
Rscript -e {phase_id}
julia -e 'f("{phase_id}")'
deno eval {phase_id}
awk {phase_id} file
awk -f{params[x]} file
awk '/{phase_id}/' file
sed s/x/{phase_id}/ file
sed -e s/x/{phase_id}/ file
jq .{params[x]} file
psql -c "SELECT '{phase_id}'"
psql --command={phase_id}
mysql -e{phase_id}
mysql --execute={phase_id}
sqlite3 db {phase_id}
ssh host run {phase_id}
ssh {params[host]}
ssh -p 22 host -- {phase_id}
su - user -c {phase_id}
eval {phase_id}
watch {phase_id}
parallel {phase_id}
xargs -I% {phase_id}
find . -exec sh -c {phase_id} ;
git -c core.editor={phase_id} commit
make TARGET={phase_id}
make {phase_id}
vim -c {phase_id}
gdb -ex {phase_id}
tmux new-session -d {phase_id}
powershell -Command {phase_id}
pwsh -c {phase_id}
{params[command]} --now
tool --run 'a && {phase_id}'
tool 'x|{phase_id}'
tool `{phase_id}`
tool $({phase_id})
sh -c 'x "$@"' sh -c {phase_id}
sh -c 'x "$@"' sh python {phase_id}
"""
ARGUMENTS = """
bash ./run {phase_id}
curl https://x.example/?a={run_id}&b={phase_id}
drain-one {run_id} {phase_id}
python scripts/drain_one_phase.py --run-id {run_id} --phase-id {phase_id} --force
/usr/bin/python3 -u worker.py --phase={phase_id}
python -m pytest {phase_id}
sh -c 'curl "https://x/$1"' sh {phase_id}
sh -c 'exec tool -c "$1"' sh {params[config]}
bash -euo pipefail run.sh {phase_id}
sh run.sh {phase_id} {attempt}
awk -f count.awk {params[file]}
tool --name={phase_id} --index {phase_index}
tool --config {params[config]}
curl https://x.example/{run_id}/{phase_id}?n={attempt}
env RUN={run_id} tool {phase_id}
timeout 60 tool {phase_id}
docker run --rm image {phase_id}
make -C dir target
tool '{{phase_id}} is literal; $x'
sh -c 'echo ${HOME}' sh {phase_id}
"""


@pytest.mark.parametrize("line", PROGRAMS.strip().splitlines())
def test_a_value_is_never_program_text(line):
    argv = (
        line.split(" ") if line.count("'") % 2 or "`" in line or "$(" in line else shlex.split(line)
    )
    with pytest.raises(TemplateError, match="an imported name could run as code"):
        inspect(argv)


@pytest.mark.parametrize("line", ARGUMENTS.strip().splitlines())
def test_a_value_may_be_an_argument_of_its_own_or_part_of_a_plain_one(line):
    inspect(shlex.split(line))
