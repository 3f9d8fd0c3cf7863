# The supervisor is quicker: credited, and no script runs.
needs supervisord /usr/bin/python3
each how KILL SEGV

dropin app.yaml
start supervisord supervisord -n -c @WORK@/supervisord.conf
answers http://@IP@:8000/ pid
daemon
message found process=app
older app 2s
pid old pgrep -f ^/usr/bin/python3.@WORK@/lib/serve
signal @how@ app
gone old
answers http://@IP@:8000/ pid
pid new pgrep -f ^/usr/bin/python3.@WORK@/lib/serve
tracked app new
state app up
runs 0
no-message restart
no-message killed
alive new
