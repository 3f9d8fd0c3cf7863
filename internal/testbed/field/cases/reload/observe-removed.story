# One reload with observe: true and a member gone.
needs /usr/bin/python3 curl

dropin web.yaml
dropin other.yaml
do ./launch-other
answers http://@IP@:8000/ pid
daemon
message found process=other
do procward start web --no-wait
do echo 'daemon: {observe: true}' >/etc/procward/conf.d/z.yaml; rm /etc/procward/conf.d/web.yaml; procward reload
do procward status || test $? -eq 1
pause 2s
alive daemon
