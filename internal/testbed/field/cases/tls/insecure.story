# insecure: true speaks what curl -k speaks.
needs openssl curl
each server rsa old modern

dropin insecure.yaml
do ./cert
start app ./@server@.sh
daemon
tracked app app
until procward status app --json | grep '"verdict": "ok"'
pause 3s
alive app
no-message stall
no-message probe-failed
runs 0
