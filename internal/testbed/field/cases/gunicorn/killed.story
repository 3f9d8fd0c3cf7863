# The arbiter dies. Its workers see that and go by themselves, sooner or later.
on alone
needs gunicorn curl /usr/lib/python3/dist-packages/setproctitle*
each match args pidfile
each how KILL SEGV

dropin @match@.yaml
do ./launch
pid old cat gunicorn.pid
until ps -o args= -p @old@ | grep ^gunicorn:
answers http://@IP@:8000/ served
pid worker pgrep -P @old@
daemon
tracked gunicorn @old@
older old 5s
signal @how@ old
message down process=gunicorn pid=@old@
message * process=gunicorn pid=@old@ cause~SIG@how@
message recovered process=gunicorn attempt=1
runs 1
gone worker
pid new cat gunicorn.pid
tracked gunicorn new
answers http://@IP@:8000/ served
quiet 3s
