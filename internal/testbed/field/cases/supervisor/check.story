# Its parent is a supervisor, which would restart it as well: check says so.
needs supervisord /usr/bin/python3

dropin app.yaml
start supervisord supervisord -n -c @WORK@/supervisord.conf
answers http://@IP@:8000/ pid
do procward check 2>&1 | tee /dev/stderr | grep -i supervisord
