# A client is connected when the listener dies. Its children ask the kernel to end with it.
needs vsftpd
each how KILL SEGV

program vsftpd
dropin exe.yaml
do mkdir ftp empty; bin/vsftpd @WORK@/vsftpd.conf
pid old pgrep -f '^bin/vsftpd @WORK@/vsftpd.conf'
start client /usr/bin/python3 lib/connect.py @IP@ 2121 never
pid session pgrep -P @old@
daemon
tracked vsftpd @old@
older old 3s
signal @how@ old
message recovered process=vsftpd
runs 1
no-message killed
do /usr/bin/python3 lib/connect.py @IP@ 2121 ^220
quiet 2s
