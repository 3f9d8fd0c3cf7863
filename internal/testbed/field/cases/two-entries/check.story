# Two names, one match: both scripts would run after one death. check names both.
needs /usr/bin/python3

dropin app.yaml
dropin same.yaml
start app /usr/bin/python3 @WORK@/lib/wait.py
do procward check | grep first | grep second
daemon
message shared message~'first and second'
