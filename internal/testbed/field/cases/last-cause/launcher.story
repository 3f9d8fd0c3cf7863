# What starts the service matches as well, for a moment, and ends with 0: that is not its
# last death.
needs /usr/bin/python3 curl
each how SEGV KILL

dropin app.yaml
do ./launch
pid app pgrep -f ^/usr/bin/python3.-S.@WORK@/app.py
daemon
tracked app @app@
older app 4s
signal @how@ app
message down
message * cause='killed by SIG@how@'
message recovered
answers http://@IP@:8000/ pid
do procward status app --json | tee /dev/stderr | grep -F '"last_cause": "killed by SIG@how@"'
do procward status app | tee /dev/stderr | grep 'killed by SIG@how@'
messages 1 restart
runs 1
