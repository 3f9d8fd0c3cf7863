package message

// The catalogue. docs/messages.md is generated from it.
var (
	// PW01: the daemon.
	Started         = &Kind{"PW0101", "started", Notice, "procward started[: {detail}]", "The daemon has started; the detail says what it watches.", ""}
	Stopped         = &Kind{"PW0102", "stopped", Notice, "procward stopped[: {detail}]", "The daemon has ended. The watched processes run on, and nobody watches them.", "Start procward again if this was not intended."}
	Fallback        = &Kind{"PW0103", "fallback", Warning, "fallback[: {detail}]", "A feature of the kernel or the system is missing, and a weaker way stands in for it.", "The detail says what is lost; it is also shown by `procward status`."}
	Dropped         = &Kind{"PW0104", "messages-dropped", Warning, "messages dropped[: {detail}]", "A log sink was too slow or dead for so long that its queue ran full. The messages counted here are missing from it; those of `err` and worse never are, but of one ID and name the last may stand for earlier ones, which are counted as well.", "Look at what is wrong with journald or syslog at that time; `procward status` shows the present state of everything."}
	Suspended       = &Kind{"PW0105", "suspended", Notice, "suspended[: {detail}]", "Nothing is restarted or escalated until resumed, for the reason given: the host is being shut down, or an operator has asked for it. Deaths are still reported.", ""}
	Resumed         = &Kind{"PW0106", "resumed", Notice, "resumed[: {detail}]", "Watching goes on after a suspension: what is up is adopted, what is missing is treated as absent.", ""}
	Observing       = &Kind{"PW0107", "observe", Warning, "observe mode: everything is reported, nothing is done", "The daemon runs with `--observe` or `observe: true`.", "Turn observe mode off to have processes restarted."}
	Waiting         = &Kind{"PW0108", "waiting", Notice, "waiting[: {detail}]", "The daemon holds its judgement for a while, for instance until the boot has finished.", ""}
	InternalFailure = &Kind{"PW0109", "internal-failure", Err, "internal failure[: {detail}]", "A part of procward itself failed; the rest goes on.", "Report it together with the output of `procward status --json`."}
	TakenOver       = &Kind{"PW0110", "taken-over", Notice, "taken over[: {detail}]", "procward has been started again and goes on where it was: what it tracked is tracked again, and attempts, ladders and what was under way are known. What has ended meanwhile is handled as an exit.", ""}
	StateLost       = &Kind{"PW0111", "state-lost", Err, "state lost[: {detail}]", "What was kept in the state directory cannot be used, or not all of it. Attempts are counted anew, and what had been given up or stopped is not known. Rungs that end the machine are refused for a whole window of `reboot-limit`, or until `procward recover --all`.", "A file that cannot be used is set aside and not deleted; look whether the disk or somebody else has damaged it."}
	NotDurable      = &Kind{"PW0112", "not-durable", Err, "state cannot be saved[: {detail}]", "procward goes on, but forgets attempts and ladders if it ends now; OS rungs are refused meanwhile.", "Make room on the disk, or mend it; see `--state-dir`."}
	DurableAgain    = &Kind{"PW0113", "durable", Notice, "state is saved again", "The state directory can be written again.", ""}
	LauncherTrouble = &Kind{"PW0115", "launcher", Warning, "trouble with the start of programs[: {detail}]", "Programs are started by a process of procward's own, a launcher. One hangs with the program that it starts, was lost, or cannot be had. Everything else goes on, and a launcher that is missing is replaced.", "Where the execution of a program hangs look at the file system that it is on; where launchers cannot be had, at the limits on processes and memory."}
	SystemdSilent   = &Kind{"PW0119", "systemd-silent", Warning, "systemd does not answer[: {detail}]", "PID 1, or the bus to it, answers no question. A unit that it was asked to stop or restart cannot be told from one that has failed, so for a few seconds nothing is done about what is missing. After that it is restarted all the same, as far as that needs no systemd, except where a job for its unit was told before.", "Look whether PID 1 hangs or has crashed (`systemctl status`, the kernel's log). It is asked again as soon as it answers."}
	SystemdAnswers  = &Kind{"PW0120", "systemd-answers", Notice, "systemd answers again", "Questions about units are answered again.", ""}

	// PW02: processes.
	Down        = &Kind{"PW0201", "down", Err, "down[: {cause}][: {detail}]", "The process has ended, and a second look found fewer than `count.min` of them.", "Nothing yet; what procward does about it follows as messages of its own."}
	Found       = &Kind{"PW0202", "found", Notice, "found[: {detail}]", "A process was found by scan. From now on it is tracked by its PID.", ""}
	Replaced    = &Kind{"PW0203", "replaced", Notice, "replaced[: {detail}][; the former one: {cause}]", "The process has ended and another has taken its place by itself. No script runs, nothing is counted.", ""}
	Absent      = &Kind{"PW0204", "absent", Warning, "absent[: {detail}]", "No process matches, and none was tracked before.", "Compare the match with `procward scan` if the process does run."}
	Excess      = &Kind{"PW0205", "excess", Warning, "excess[: {detail}]", "More processes match than `count.max` allows.", "Stop the surplus ones, or raise `count.max`."}
	Unreadable  = &Kind{"PW0206", "unreadable", Warning, "unreadable[: {detail}]", "A process that may match could not be read. While in doubt nothing is restarted.", "Run procward as root, or narrow the match."}
	CauseKnown  = &Kind{"PW0207", "cause", Info, "cause of death[: {cause}][: {detail}]", "The cause of a death that was reported before is known now.", ""}
	UnitStopped = &Kind{"PW0208", "foreign-stop", Notice, "stopped from outside procward[: {detail}]", "systemd was asked to stop or restart the unit of the process. procward leaves it alone until the unit is active again.", ""}
	Orphans     = &Kind{"PW0209", "orphans", Warning, "orphans left behind[: {detail}]", "Workers of a dead process live on, each with the proof. They do not count as its successor. `restart.orphans` says which of them are ended before the restart.", ""}
	Ended       = &Kind{"PW0210", "ended", Notice, "ended[: {cause}][: {detail}]", "A clean end under `when: abnormal`. procward waits for a return.", ""}
	Lost        = &Kind{"PW0211", "exited", Warning, "one of several gone[: {cause}][: {detail}]", "One of several processes has ended, and enough are left.", ""}
	Returned    = &Kind{"PW0212", "returned", Notice, "returned by itself[: {detail}]", "The process is back without procward's doing.", ""}
	Held        = &Kind{"PW0213", "held", Notice, "held back[: {detail}]", "Nothing is done about the failure while a group that this one depends on is down or being restarted.", "Look at the messages of the group that is waited for."}
	Killed      = &Kind{"PW0214", "killed", Notice, "killed by procward[: {detail}]", "procward has ended a process, as `kill` says.", ""}
	Unkillable  = &Kind{"PW0215", "unkillable", Err, "unkillable[: {detail}]", "A process is still there after SIGKILL, or could not be signalled, as the detail tells.", "After SIGKILL look for it in state D (`ps -o pid,stat,wchan`); often only a reboot helps. What could not be signalled is tried again with the next attempt."}
	Fewer       = &Kind{"PW0216", "fewer", Warning, "fewer than wanted[: {detail}]", "At the start some processes match, but fewer than `count.min`.", ""}
	LetBe       = &Kind{"PW0217", "let-be", Notice, "left alone[: {detail}]", "A process that matches is no successor of the dead one: it serves nowhere that the dead one did, as a session or a job of it does. Or it does not match, and has a socket open that the dead one has served at. It counts for nothing, and nothing is done to it.", ""}
	Stranger    = &Kind{"PW0218", "stranger", Warning, "another program matches[: {detail}]", "A process that matches runs another program than the dead one did, at somebody's terminal. It counts for nothing, and nothing is done to it.", "Narrow the match: give `exe`, or `not-args`."}
	Doubled     = &Kind{"PW0219", "doubled", Warning, "there are more than before[: {detail}]", "After a restart more processes are there than before it: perhaps somebody else has started it too.", "See by their parents who has started each, and leave the restarts to one of them."}
	Shared      = &Kind{"PW0220", "shared", Warning, "another name has the same process[: {detail}]", "Two names select one process: after its death both would restart it.", "Narrow one of the matches, or remove one of the names."}
	Untold      = &Kind{"PW0221", "untold", Warning, "the successor is not certain[: {detail}]", "A process is taken as the successor of the dead one, for it cannot be told what it is: to do nothing is the smaller error.", "Look whether it does the work. If not, end it: procward then restarts."}
	Rival       = &Kind{"PW0228", "rival", Warning, "its parent restarts it as well[: {detail}]", "The process was found as the child of a supervisor, which starts it again by itself: two restarters fight.", "Leave the restart to one of them: `attempts: 0` only watches and escalates."}
	DownQuiet   = &Kind{"PW0226", "down", Notice, "down[: {cause}][: {detail}]", "The process has ended while it is suspended, by the operator or because the host is being shut down. Nothing is done about it.", ""}

	// PW03: restarts.
	Restart       = &Kind{"PW0301", "restart", Notice, "restart[, attempt {attempt} of {attempts}][: {detail}]", "A restart begins now.", ""}
	RestartFailed = &Kind{"PW0302", "restart-failed", Err, "restart failed[, attempt {attempt} of {attempts}][: {detail}]", "The restart did not bring the process back, or it did not stay up for `settle`.", "See what the script wrote, at the end of the message."}
	Recovered     = &Kind{"PW0303", "recovered", Notice, "recovered[: {detail}]", "The process is up again and has stayed up for `settle`.", ""}
	Exhausted     = &Kind{"PW0304", "exhausted", Crit, "exhausted: a restart is needed and no attempt is left[ of {attempts}][: {detail}]", "All attempts of the window are spent, and the ladder begins.", "Find the cause: the output of the script is in the messages before."}
	ScriptFailed  = &Kind{"PW0305", "script-failed", Warning, "script failed[: {detail}]", "The restart script failed. The process is looked for all the same.", "See what the script wrote, at the end of the message."}
	ScriptHangs   = &Kind{"PW0306", "script-foreground", Warning, "script stays in the foreground with the process in it[: {detail}]", "The process was found while its script still runs. The script is left alone, as ending it could end the process.", "Let the script put the process into the background, or give the process to a service manager."}
	RestartLater  = &Kind{"PW0307", "restart-scheduled", Info, "next restart[, attempt {attempt} of {attempts}][, in {detail}]", "A delay or backoff comes before the next attempt.", ""}
	Unstarted     = &Kind{"PW0308", "restart-unstarted", Err, "restart not begun[, attempt {attempt} of {attempts}][: {detail}]", "procward lacks what it needs itself to start the script: descriptors, processes or memory; or it could not ask systemd to restart the unit, or may not. The attempt is not spent, and is tried again, at first after a second and then less often; no rung follows.", "Find out what has used up the processes (`TasksMax`, `kernel.pid_max`), the memory or the descriptors of this host; where systemd was not asked, the detail says what is missing."}

	LimitLifted = &Kind{"PW0311", "start-limit-lifted", Warning, "start limit of the unit lifted[: {detail}]", "The unit has been started so often that systemd refuses every further start (`StartLimitBurst=`). It was reset, as by `systemctl reset-failed`, so that the restart is tried at all; what limits it is `attempts`.", "Find out why the unit ends so often: `journalctl -u UNIT`."}

	Final = &Kind{"PW0313", "given-up", Alert, "given up, without an attempt[: {cause}][: {detail}]", "The process ended in a way that `restart.final` names: no restart helps. No attempt is spent and no rung of the ladder follows. It is still watched, and a return by itself is credited.", "Mend the cause, then `procward recover NAME`, or start the service."}

	// PW04: groups.
	GroupStop   = &Kind{"PW0401", "group-stop", Notice, "group is stopped[: {detail}]", "The stop of a group begins now.", ""}
	GroupStart  = &Kind{"PW0402", "group-start", Notice, "group is started[: {detail}]", "The start of a group begins now.", ""}
	GroupFailed = &Kind{"PW0403", "group-failed", Err, "group action failed[: {detail}]", "A start or stop script of the group failed or ran out of time.", "See what the script wrote, at the end of the message."}

	// PW05: escalation.
	RungAsked     = &Kind{"PW0501", "rung", Crit, "escalation: {rung}[: {detail}]", "Restarts did not help; this rung of the ladder is carried out now.", "Find the cause of the outage."}
	RungFailed    = &Kind{"PW0502", "rung-failed", Err, "escalation failed: {rung}[: {detail}]", "The action of the rung failed, or no recovery showed within the rung's `wait`. The next rung follows.", "See the detail, and what the script wrote, at the end of the message."}
	RungRefused   = &Kind{"PW0503", "rung-refused", Err, "escalation refused: {rung}[: {detail}]", "The rung is not carried out, for the reason given. The next rung follows.", "Mend the cause by hand; the detail says why procward does not act."}
	GivenUp       = &Kind{"PW0504", "given-up", Alert, "given up[: {detail}]", "The ladder is spent, and procward does nothing more. The process is still watched, and a return by itself is credited.", "Mend the cause, then `procward recover NAME`. Or start the service: its return is credited, and it is restarted again when it fails."}
	Reminder      = &Kind{"PW0505", "given-up", Alert, "still given up[: {detail}]", "Said again every `remind`, as long as nothing has changed.", "Mend the cause and start the service: its return is credited, and it is restarted again when it fails."}
	HandedOver    = &Kind{"PW0506", "handed-over", Crit, "handed over by the hook[: {detail}]", "The hook exited 0: somebody else, for instance the cluster, has the group now. No later rung runs.", "To take it back from whoever has it now, start it here: its return is credited, and it is restarted again when it fails."}
	ClimbEnds     = &Kind{"PW0507", "climb-ended", Notice, "escalation ends[ before {rung}][: {detail}]", "Everything required is up again, so no further rung runs.", ""}
	RetryAfter    = &Kind{"PW0508", "retry-after", Notice, "tried again from the bottom[, {detail} after giving up]", "The time `retry-after` has passed since giving up.", ""}
	RungHalted    = &Kind{"PW0509", "rung-halted", Notice, "escalation halts[ before {rung}][: {detail}]", "The climb was suspended, for the reason given.", ""}
	RungPassed    = &Kind{"PW0510", "rung-passed", Notice, "escalation goes on: {rung}[: {detail}]", "The hook exited 75: it leaves the group to the next rung.", ""}
	RungWaits     = &Kind{"PW0511", "rung-waits", Warning, "escalation waits before {rung}[: {detail}]", "The rung would end the machine, and is not due yet: the machine has only just booted, or another such rung is being carried out. When the time has come there is a look, and the question again.", "Mend the cause before: what is up again ends the climb. `procward status` shows until when."}
	MachineEnded  = &Kind{"PW0512", "machine-ended", Notice, "the machine has ended by procward: {rung}[: {detail}]", "This boot follows a rung that procward took, for the reason given.", "Find the cause of the outage; `procward status` shows how many such rungs are left."}
	MachineStayed = &Kind{"PW0513", "machine-stayed", Err, "the machine has not ended: {rung}[: {detail}]", "procward took a rung that ends the machine and has ended itself, but the same boot goes on. The rung counts all the same.", "Look in the kernel's log for what was tried."}
	MachineStep   = &Kind{"PW0514", "machine-step", Notice, "ending the machine[: {detail}]", "A step on the way to the end of the machine was taken, or failed; or what it needs is not as it should be.", "The steps are tried in turn, from the orderly one to the last."}

	// PW06: stalls.
	Stall          = &Kind{"PW0601", "stall", Err, "stalled[: {probe}][: {detail}]", "The process is there and does not work: the probe or sign named here is bad.", "Nothing yet; what procward does about it follows as messages of its own. The evidence shows where it hung."}
	ProbeFailed    = &Kind{"PW0602", "probe-failed", Notice, "probe fails[: {probe}][: {detail}]", "A check that was ok has failed, not yet as often as `failures` says.", ""}
	ProbeOK        = &Kind{"PW0603", "probe-ok", Notice, "probe is ok again[: {probe}][: {detail}]", "A check or limit that was bad, failing or unknown is ok again.", ""}
	ProbeUnknown   = &Kind{"PW0604", "probe-unknown", Warning, "probe tells nothing[: {probe}][: {detail}]", "It cannot be told whether the check is good or bad. That is no failure: nothing follows from it.", "See the detail for what keeps the check from telling."}
	ProbeSlow      = &Kind{"PW0605", "probe-slow", Warning, "probe is slow[: {probe}][: {detail}]", "A check took over 80 % of its timeout, or began much later than it should have, as the detail tells.", "Find out why the service answers slowly, or raise the `timeout` of the check. Checks begin late where many programs hang: shorten their `timeout`, or lengthen their `interval`."}
	ProbeBad       = &Kind{"PW0606", "probe-bad", Warning, "bad[: {probe}][: {detail}]", "A check, sign or limit is bad, and nothing follows from it: it has `action: report`, or the process is known to be stalled already.", "Look at the process; procward only reports this."}
	EvidenceKept   = &Kind{"PW0607", "evidence", Notice, "evidence of the stall[: {detail}]", "What could be seen of the stalled process is written to the file named here.", "Read it to find the cause of the stall; the oldest files are removed."}
	EvidenceFailed = &Kind{"PW0608", "evidence-failed", Warning, "evidence of the stall is missing or not whole[: {detail}]", "Something of the evidence could not be read or written. The restart goes on without it.", ""}
	MonitorFailed  = &Kind{"PW0609", "monitor-failed", Err, "monitor failed[: {probe}][: {detail}]", "What the monitor checks is bad.", "Nothing yet; what procward does about it follows as messages of its own."}
	MonitorOK      = &Kind{"PW0610", "monitor-ok", Notice, "monitor is ok again[: {detail}]", "What the monitor checks is good again, and its outage is over.", ""}
	MonitorRecover = &Kind{"PW0611", "monitor-recover", Notice, "recovery for a monitor[, attempt {attempt} of {attempts}][: {detail}]", "The target of the monitor is restarted now.", ""}
	MonitorNoHelp  = &Kind{"PW0612", "monitor-recover-failed", Err, "recovery for a monitor did not help[, attempt {attempt} of {attempts}][: {detail}]", "The target of the monitor was restarted, and the monitor is bad all the same; or it could not be restarted.", "Find the cause: it may not lie in the target."}
	MonitorSkipped = &Kind{"PW0613", "monitor-skipped", Notice, "recovery for a monitor is put off[: {detail}]", "The target of the monitor is not restarted now, for the reason given. No attempt is spent.", ""}

	// PW07: the host.
	WatchdogStarves = &Kind{"PW0701", "watchdog-unfed", Alert, "the watchdog device is not fed[: {detail}]", "procward, or the user space, does not make progress. If that lasts, the device resets the machine.", "Look at the host at once: what hangs is in the detail. The line is in the kernel's log too."}
	WatchdogFed     = &Kind{"PW0702", "watchdog-fed", Notice, "the watchdog device is fed again", "What had kept it from being fed is over.", ""}
	UserspaceStalls = &Kind{"PW0703", "userspace-stalled", Err, "the user space stalls[: {detail}]", "No process, no thread or no small write can be had (`daemon.userspace`). While that lasts the watchdog device is not fed.", "Look for what has taken all PIDs or all memory, or hangs the disk."}
	UserspaceWorks  = &Kind{"PW0704", "userspace-ok", Notice, "the user space works again", "The proofs of `daemon.userspace` succeed again.", ""}

	// PW08: configuration.
	ConfigLoaded   = &Kind{"PW0801", "config-loaded", Notice, "configuration loaded[: {detail}]", "A new configuration is in force.", ""}
	ConfigRejected = &Kind{"PW0802", "config-rejected", Err, "configuration rejected[: {detail}]", "A drop-in is bad. Its last good version stays, or it is left out; all others are in force.", "Run `procward check`, mend the file."}
	ConfigWarning  = &Kind{"PW0803", "config-warning", Warning, "configuration doubtful[: {detail}]", "The configuration is valid and in force, but probably not what is meant.", "Run `procward check`."}
	ConfigEmpty    = &Kind{"PW0804", "config-empty", Warning, "configuration is empty: nothing is watched[: {detail}]", "No drop-in names a process.", "Put a drop-in into the configuration directory."}
	GoneEnded      = &Kind{"PW0805", "gone-ended", Info, "what was begun for a name that is gone has ended[: {detail}]", "A reload has taken the name away while its script or hook was running. It was let finish; nothing follows from it.", ""}
	SettingNow     = &Kind{"PW0806", "setting", Notice, "a setting of the daemon has changed[: {detail}]", "A reload has put another value under `daemon:` in force.", ""}
	SettingWaits   = &Kind{"PW0807", "setting-waits", Warning, "a setting of the daemon is not in force[: {detail}]", "A reload has brought another value under `daemon:`, which this daemon does not obey; the detail says why.", "Start procward again, or take the value back."}

	// PW09: the operator.
	Operator       = &Kind{"PW0901", "operator", Notice, "operator[: {detail}]", "An operator asked for something by a command.", ""}
	OperatorDone   = &Kind{"PW0902", "operator-done", Notice, "done[: {detail}]", "What an operator has asked for is done.", ""}
	OperatorFailed = &Kind{"PW0903", "operator-failed", Err, "not done[: {detail}]", "What an operator has asked for could not be done, or not all of it.", "The detail says what went wrong; `procward status` shows how things are."}
)

// Catalogue lists every kind, by ID.
var Catalogue = []*Kind{
	Started, Stopped, Fallback, Dropped, Suspended, Resumed, Observing, Waiting, InternalFailure, TakenOver, StateLost, NotDurable, DurableAgain, LauncherTrouble, SystemdSilent, SystemdAnswers,
	Down, Found, Replaced, Absent, Excess, Unreadable, CauseKnown, UnitStopped, Orphans, Ended, Lost, Returned, Held, Killed, Unkillable, Fewer,
	LetBe, Stranger, Doubled, Shared, Untold,
	DownQuiet, Rival,
	Restart, RestartFailed, Recovered, Exhausted, ScriptFailed, ScriptHangs, RestartLater, Unstarted, LimitLifted,
	Final,
	GroupStop, GroupStart, GroupFailed,
	RungAsked, RungFailed, RungRefused, GivenUp, Reminder, HandedOver, ClimbEnds, RetryAfter, RungHalted, RungPassed, RungWaits, MachineEnded, MachineStayed, MachineStep,
	Stall, ProbeFailed, ProbeOK, ProbeUnknown, ProbeSlow, ProbeBad, EvidenceKept, EvidenceFailed,
	MonitorFailed, MonitorOK, MonitorRecover, MonitorNoHelp, MonitorSkipped,
	WatchdogStarves, WatchdogFed, UserspaceStalls, UserspaceWorks,
	ConfigLoaded, ConfigRejected, ConfigWarning, ConfigEmpty, GoneEnded, SettingNow, SettingWaits,
	Operator, OperatorDone, OperatorFailed,
}

// Section is one part of the catalogue.
type Section struct {
	Prefix string // the first four characters of its IDs: PW02
	Title  string
}

// Sections lists the parts of the catalogue, by prefix. A part may be empty.
var Sections = []Section{
	{"PW01", "The daemon"},
	{"PW02", "Processes"},
	{"PW03", "Restarts"},
	{"PW04", "Groups"},
	{"PW05", "Escalation"},
	{"PW06", "Stalls"},
	{"PW07", "The host"},
	{"PW08", "Configuration"},
	{"PW09", "The operator"},
}
