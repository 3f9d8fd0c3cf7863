# procward as PID 1 of a container reaps what is left to it.
needs /usr/bin/python3 unshare nsenter

dropin app.yaml
start box unshare --pid --fork --kill-child --mount-proc procward run --log-to stderr
pid one pgrep -P @box@
until nsenter -t @one@ -p -m pgrep -f ^/usr/bin/python3.@WORK@
do for i in 1 2 3 4; do
	old=$(nsenter -t @one@ -p -m pgrep -f ^/usr/bin/python3.@WORK@);
	nsenter -t @one@ -p -m kill -9 $old;
	until new=$(nsenter -t @one@ -p -m pgrep -f ^/usr/bin/python3.@WORK@) && [ "$new" != "$old" ]; do sleep 0.1; done;
	done
until ! nsenter -t @one@ -p -m ps -eo stat= | grep Z
alive one
