# USR2: the arbiter forks and executes a new one, which serves beside it. Then the old one
# goes, killed or in order. What serves already is its heir.
on alone
needs gunicorn curl /usr/lib/python3/dist-packages/setproctitle*
each match args pidfile
each how KILL SEGV TERM

dropin @match@.yaml
do ./launch
pid old cat gunicorn.pid
until ps -o args= -p @old@ | grep ^gunicorn:
answers http://@IP@:8000/ served
daemon
tracked gunicorn @old@
older old 5s
do kill -USR2 @old@
pid new cat gunicorn.pid.2
pid worker pgrep -P @new@
pause 2s
signal @how@ old
message replaced process=gunicorn
runs 0
no-message down
no-message killed
# From here on gunicorn itself may fail: its new arbiter takes a dead one that is not reaped yet for alive,
# or loses its listener when it takes over.
