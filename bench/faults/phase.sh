# One phase of a schedule: $1 says how it behaves, $2 how many seconds it takes.
# The lock goes with the last process that holds it, so it tells who really ran at once; its file names the run.
me="$DRAIN_RUN_ID $DRAIN_PHASE_ID $DRAIN_ATTEMPT"
exec 9>"$OUT/locks/$DRAIN_RUN_ID-$DRAIN_PHASE_ID"
if ! flock -n 9; then
    echo "overlap $me" >> "$OUT/journal"
    exit 1
fi
echo "start $me" >> "$OUT/journal"
code=0
case "$1" in
    fail) echo "ValueError: broken $DRAIN_PHASE_ID"; code=3 ;;
    retry) code=75 ;;
    fork) sleep 600 & ;;
    session) setsid sleep 600 & ;;
    wipe) (setsid env -i sh -c "exec sleep 600 # $OUT" >/dev/null 2>&1 &) ;;
    stubborn) trap '' TERM ;;
    flood) head -c 3000000 /dev/zero | tr '\0' x ;;
    close) exec >&- 2>&- ;;
    states)
        for state in gate ci_running; do
            echo "{\"event\":\"state\",\"state\":\"$state\"}" >> "$DRAIN_REPORT"
        done ;;
esac
sleep "$2"
echo "end $me $code" >> "$OUT/journal"
exit $code
