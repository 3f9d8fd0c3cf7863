# What cannot be verified or agreed upon is no stall: the service may be well.
needs openssl curl
each server rsa old modern

dropin ca-file.yaml
do ./cert
start app ./@server@.sh
daemon
tracked app app
message probe-unknown process=app
pause 3s
alive app
no-message stall
no-message killed
runs 0
