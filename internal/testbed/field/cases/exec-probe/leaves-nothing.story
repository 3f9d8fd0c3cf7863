# A check that runs out of its time leaves nothing behind, also what has left its session.
needs /usr/bin/python3

dropin app.yaml
start app /usr/bin/python3 @WORK@/lib/wait.py
daemon
tracked app app
until test "$(grep -c . probes)" -ge 4
message probe-bad process=app
do procs=$(sed 's/.*0:://' /proc/self/cgroup | tail -1); n=0; for p in /proc/[0-9]*; do if [ "$(tr '\0' ' ' <$p/cmdline 2>/dev/null)" = "sleep 4321 " ] && [ "$(readlink $p/root/field 2>/dev/null; readlink $p/ns/mnt)" = "$(readlink /proc/self/ns/mnt)" ]; then n=$((n + 1)); fi; done; echo $n left; [ $n -le 1 ]
alive app
runs 0
