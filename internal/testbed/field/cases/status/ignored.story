# What may be absent is well.

dropin ignore.yaml
daemon
pause 4s
do procward status
runs 0
