# A line break inside an argument is as a blank.
needs /usr/bin/python3

dropin app.yaml
start app /usr/bin/python3 lib/wait.py 'one
	two' @WORK@
daemon
tracked app app
runs 0
