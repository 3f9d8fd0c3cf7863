"""Writes its title over its arguments 14 s after its start, as nobody tells the kernel."""
import os, sys, time
import setproctitle

print(os.getpid(), file=open("@WORK@/pid", "w"), flush=True)
time.sleep(float(sys.argv[1]))
setproctitle.setproctitle("ready @WORK@")
time.sleep(1000)
