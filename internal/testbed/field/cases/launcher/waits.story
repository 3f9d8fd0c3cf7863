# The launcher matches as well, and is there first: it ends with 0, and its child is the service.
needs /usr/bin/python3 curl
each how KILL SEGV

dropin app.yaml
start launcher /usr/bin/python3 -S @WORK@/launcher.py @IP@ 8000
answers http://@IP@:8000/ pid
pid server pgrep -P @launcher@
daemon
tracked app @launcher@
ended launcher 0
message replaced process=app
tracked app server
runs 0
no-message down
no-message killed
quiet 3s
alive server
signal @how@ server
message down process=app pid=@server@
message * process=app pid=@server@ cause~SIG@how@
message recovered process=app
runs 1
answers http://@IP@:8000/ pid
quiet 10s
runs 1
