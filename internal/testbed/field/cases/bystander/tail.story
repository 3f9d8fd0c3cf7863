# Somebody begins to read the log with tail -f, at a terminal, and the daemon dies: tail is
# no successor.
needs /usr/bin/python3 curl script
each how KILL SEGV TERM

dropin app.yaml
do ./launch
answers http://@IP@:8000/ pid
pid app pgrep -f ^/usr/bin/python3.-S.@WORK@/myapp
daemon
tracked app @app@
older app 4s
start terminal script -qfc 'tail -f @WORK@/myapp.log' /dev/null
pid tail pgrep -x -f 'tail -f @WORK@/myapp.log'
signal @how@ app
message down process=app pid=@app@
message recovered process=app attempt=1
runs 1
answers http://@IP@:8000/ pid
alive tail
no-message killed
pid new pgrep -f ^/usr/bin/python3.-S.@WORK@/myapp
tracked app new
