# A resolver that is silent says nothing about the service.
needs /usr/bin/python3

dropin app.yaml
do rm -f /etc/resolv.conf; echo nameserver @IP@ >/etc/resolv.conf
start dns /usr/bin/python3 silent.py
start app /usr/bin/python3 @WORK@/lib/serve.py @IP@ 8000
daemon
tracked app app
message probe-unknown process=app
pause 8s
alive app
no-message stall
no-message killed
runs 0
