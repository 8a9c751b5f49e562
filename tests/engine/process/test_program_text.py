"""A name that somebody imported never runs as code, however an executor is written."""

from __future__ import annotations

import shlex

import pytest

from drain.engine.process.contract import Contract
from drain.engine.process.errors import TemplateError
from drain.engine.process.profile import Profile, check
from drain.engine.process.template import inspect, render

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
timeout 60 {phase_id}
timeout -s KILL 5 {phase_id}
nice {phase_id}
nice -n 5 {phase_id}
env {phase_id}
env -i {phase_id}
env -u HOME {phase_id}
env A=b {phase_id}
sudo {phase_id}
sudo -u x {phase_id}
doas {phase_id}
nohup {phase_id}
setsid {phase_id}
setsid -w {phase_id}
stdbuf -oL {phase_id}
ionice -c 2 -n 7 {phase_id}
chroot /srv {phase_id}
flock /lock {phase_id}
flock -n /lock {phase_id}
flock /lock -c {phase_id}
taskset 0x1 {phase_id}
strace -f {phase_id}
unshare -r {phase_id}
setpriv --reuid x {phase_id}
systemd-run --wait {phase_id}
npx {phase_id}
exec {phase_id}
command {phase_id}
time {phase_id}
xvfb-run {phase_id}
tar --checkpoint-action=exec={phase_id} -cf x y
tar --to-command={phase_id} -xf x
tar -I {params[x]} -xf x
rsync --rsh={phase_id} a b
rsync -e {phase_id} a b
git clone --upload-pack={phase_id} x
git -c core.sshCommand={phase_id} fetch
ssh -o ProxyCommand={phase_id} host
raku {params[x]}
jruby {params[x]}
ts-node {params[x]}
tsx {params[x]}
racket {params[x]}
nu -c {phase_id}
nu {params[x]}
xonsh {params[x]}
hy {params[x]}
bb {params[x]}
duckdb db {phase_id}
duckdb -c {phase_id}
cqlsh -e {phase_id}
spark-shell -i {params[x]}
osascript -e {phase_id}
m4 -D{phase_id} x
pdsh -w h {phase_id}
ansible all -a {phase_id}
salt h cmd.run {phase_id}
at -f {params[x]} now
script -c {phase_id}
script /dev/null {phase_id}
expect {params[x]}
java -jar {params[x]}
java -cp {params[x]} Main
go run {params[x]}
cargo run --manifest-path {params[x]}
wine {params[x]}
cmd /c {phase_id}
cmd.exe /c {phase_id}
python -W ignore {params[x]}
python -I -S {params[x]}
sh {params[x]}
sh -s {phase_id}
sh -x {params[x]}
bash -O extglob {params[x]}
bash +x {params[x]}
perl -I lib {params[x]}
perl -Mlib=x {params[x]}
perl -le {phase_id}
perl -F: -lane {phase_id}
node -r ts {params[x]}
php -f {params[x]}
php -B {phase_id}
Rscript --vanilla {params[x]}
sqlplus x @{phase_id}
mongosh --eval {phase_id}
redis-cli EVAL {phase_id}
vim +{phase_id}
less +{phase_id}
emacs --eval {phase_id}
make -f {params[x]}
make --eval={phase_id}
ld.so {params[x]}
/lib64/ld-linux-x86-64.so.2 {params[x]}
/usr/bin/env python3 {params[x]}
/usr/bin/env -S {phase_id}
busybox {phase_id}
gawk -e {phase_id}
source {params[x]}
. {params[x]}
kubectl exec p -- {phase_id}
docker exec c {phase_id}
docker exec -it c sh {params[x]}
podman run --entrypoint {phase_id} image
docker run --entrypoint={phase_id} image
nsenter -t 1 {phase_id}
su x -c {phase_id}
runuser -u x {phase_id}
find . -exec {phase_id} ;
fd x -x {phase_id}
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
find . -name {phase_id}
tool -phase {phase_id} -value {attempt}
tool drain {run_id} {phase_id}
sudo -u ci -- /srv/run {phase_id}
timeout 60 python run.py {phase_id}
flock /tmp/lock tool {phase_id}
docker exec c tool {phase_id}
docker compose exec -T web python manage.py x {phase_id}
kubectl exec pod -- tool {phase_id}
java -jar app.jar {phase_id}
java -cp app.jar:lib/x.jar Main {phase_id}
go run ./cmd/x {phase_id}
uv run x.py {phase_id}
npm run phase -- {phase_id}
npx tsx run.ts {phase_id}
env A=b C={run_id} python -m pkg.mod {phase_id}
curl -d phase={phase_id} https://x.example
aws s3 cp s3://bucket/{phase_id} /x
spark-submit job.py --phase {phase_id}
tool run --phase={phase_id} --mode exec
"""


@pytest.mark.parametrize("line", PROGRAMS.strip().splitlines())
def test_a_value_is_never_program_text_unless_the_executor_says_so(line):
    argv = (
        line.split(" ") if line.count("'") % 2 or "`" in line or "$(" in line else shlex.split(line)
    )
    with pytest.raises(TemplateError, match="an imported name could run as code"):
        inspect(argv)
    inspect(argv, allow_program_text=True)


def test_what_is_allowed_runs_and_what_is_not_is_refused_again_before_it_starts():
    contract = Contract("r", "exit 3", 0, 1, "c")
    argv = ("sh", "-c", "{phase_id}")
    assert render(argv, contract, allow_program_text=True) == ("sh", "-c", "exit 3")
    with pytest.raises(TemplateError, match="An executor can allow it"):
        render(argv, contract)
    assert "could run as code" in check(Profile("p", argv))[0]
    assert check(Profile("p", argv, allow_program_text=True)) == []


@pytest.mark.parametrize("line", ARGUMENTS.strip().splitlines())
def test_a_value_may_be_an_argument_of_its_own_or_part_of_a_plain_one(line):
    inspect(shlex.split(line))
