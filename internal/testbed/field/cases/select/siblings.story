# Two of one kind, started by one shell that lives. The selected one ends: the other is
# selected now, and healthy.
needs /usr/bin/python3
each which oldest newest
each how KILL SEGV TERM

dropin app.yaml
start shell ./both
pid oldest cat oldest
pid newest cat newest
pid selected cat @which@
pid other cat oldest newest | grep -v '^@selected@$'
daemon
tracked app @selected@
older newest 3s
signal @how@ selected
message replaced process=app
tracked app other
runs 0
no-message down
no-message killed
quiet 4s
alive other
