package vm

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// resort is a victim that no restart brings back, and a ladder.
func resort(limit, more, ladder string) string {
	return "daemon:\n  reboot-limit: " + limit + "\n" + more + fmt.Sprintf(victim, "/bin/false", 1, ladder)
}

const often = "{count: 20, window: 1h, min-uptime: 0s}"

// write puts another drop-in in place of the one before.
func write(m *Guest, dropin string) {
	m.t.Helper()
	m.Must("cat >/etc/procward/conf.d/victim.yaml <<'EOF'\n" + dropin + "\nEOF")
}

// strike starts procward, and kills its victim after a preparation.
func strike(m *Guest, dropin, before string) (known int) {
	m.t.Helper()
	write(m, dropin)
	m.Must("pidof victim || /etc/procward/scripts/victim; systemctl start procward; sync")
	m.Until("procward status victim | grep -w up")
	known = len(m.Events())
	m.End(before + " kill -KILL $(pidof victim)")
	return known
}

// ended holds what was seen of the end from outside, and, after the boot, what the journal
// and procward say of it.
func ended(m *Guest, rung string, known int, want string) {
	m.t.Helper()
	m.Event("SHUTDOWN")
	if got := join(m.Events()[known:]); got != want {
		m.t.Errorf("%s: %s, not %s", rung, got, want)
	}
	if strings.HasSuffix(want, "guest-shutdown") {
		m.Wait()
		m.Start()
	}
	m.NextBoot()
	reason := "escalation: " + rung + ": group all: victim is down: .*, 1 of 1 attempts in 1h are spent"
	if !regexp.MustCompile("procward: PW0501 " + reason).MatchString(m.Console()) {
		m.t.Errorf("%s: no reason in the kernel's log", rung)
	}
	if log := m.Must("journalctl --quiet --output=cat --boot=-1 PROCWARD_EVENT=rung"); !regexp.MustCompile(reason).MatchString(log) {
		m.t.Errorf("%s: the journal of the boot before says %q", rung, log)
	}
	write(m, resort(often, "", "none: {}"))
	m.Must("/etc/procward/scripts/victim; systemctl start procward")
	if log := said(m, "machine-ended"); !regexp.MustCompile("this machine, by " + rung + ": asked for at .*: group all: victim is down").MatchString(log) {
		m.t.Errorf("%s: after the boot it says %q", rung, log)
	}
	m.t.Logf("%s: %s", rung, m.Must("procward status | grep 'end the machine' -A1"))
	m.Must("systemctl stop procward")
}

// TestRungs: each rung that ends the machine, carried out by the daemon when its only
// attempt does not help. The reason is in the kernel's log, in the journal of the boot
// before, and what procward says first after it.
func TestRungs(t *testing.T) {
	t.Parallel()
	m := newHost(t, resort(often, "", "none: {}"))
	for _, c := range []struct{ name, rung, before, want string }{
		{"panic", "panic", "", "GUEST_PANICKED run, SHUTDOWN guest-reset"},
		{"watchdog-reset", "watchdog-reset", "", "WATCHDOG reset, SHUTDOWN guest-reset"},
		{"reboot", "reboot", "", "SHUTDOWN guest-reset"},
		// PID 1 has crashed, and answers nobody any more.
		{"reboot without systemd", "reboot", "kill -SEGV 1; sleep 2;", "SHUTDOWN guest-reset"},
		{"shutdown", "shutdown", "", "SHUTDOWN guest-shutdown"},
	} {
		began := time.Now()
		known := strike(m, resort(often, "", c.rung+": {}"), c.before)
		ended(m, c.rung, known, c.want)
		t.Logf("%s took %v", c.name, time.Since(began).Round(time.Second))
	}
	// The i6300esb has no pretimeout; the softdog has one, and a governor that panics.
	dropin := resort(often, "", "watchdog-panic: {}")
	write(m, dropin)
	if out, err := m.Exec("procward check"); err == nil || !strings.Contains(out, "use the rung panic instead") {
		t.Errorf("check of watchdog-panic: %s, %v", out, err)
	}
	if out, err := m.Exec("procward run --log-to stderr 2>&1"); err == nil || !strings.Contains(out, "use the rung panic instead") {
		t.Errorf("start with watchdog-panic: %s, %v", out, err)
	}
	m.Must("modprobe -r i6300esb; modprobe softdog; modprobe pretimeout_panic")
	known := strike(m, dropin, "")
	ended(m, "watchdog-panic", known, "GUEST_PANICKED run, SHUTDOWN guest-reset")
}

// TestHungShutdown: a service that never stops holds the shutdown up, and procward forces
// it after five minutes. systemd has not stopped procward before.
func TestHungShutdown(t *testing.T) {
	t.Parallel()
	m := newHost(t, resort(often, "", "none: {}"))
	m.Must("systemd-run --quiet --unit=hangs --property=TimeoutStopSec=infinity --property=KillSignal=SIGCONT --property=SendSIGKILL=no /usr/local/bin/victim 86401")
	m.Must("pkill -f 'victim 86400'; true")
	write(m, resort(often, "", "reboot: {}"))
	m.Must("sed -i 's,exe: /usr/local/bin/victim,args: victim 86400,' /etc/procward/conf.d/victim.yaml; systemctl start procward; sync")
	if early := quiet(m, 4*time.Minute); early != "" {
		t.Errorf("it did not hang: %s", early)
	}
	m.Event("SHUTDOWN")
	if got := join(m.Events()); got != "SHUTDOWN guest-reset" {
		t.Error(got)
	}
	m.NextBoot()
}

// TestLimit: a service that can never start reboots the machine as often as reboot-limit
// allows, and then it stays up, given up and shouting.
func TestLimit(t *testing.T) {
	t.Parallel()
	dropin := resort("{count: 2, window: 1h, min-uptime: 5s}", "", "reboot: {}") + "    remind: 5s\n"
	m := newHost(t, dropin)
	m.Must("systemctl enable --now --quiet procward; sync")
	m.End("kill -KILL $(pidof victim)")
	for range 2 {
		if got := m.Event("SHUTDOWN").Reason; got != "guest-reset" {
			t.Error(got)
		}
		m.NextBoot()
	}
	said(m, "given-up")
	if log := said(m, "rung-refused"); !strings.Contains(log, "reboot-limit is spent: 2 of 2 in 1h") {
		t.Error(log)
	}
	m.Until("test $(journalctl --quiet --output=cat --boot PROCWARD_EVENT=given-up | wc -l) -ge 3")
	if n := len(m.Boots()); n != 3 {
		t.Errorf("%d boots", n)
	}
	t.Log(m.Must("procward status || true"))

	// A state file that is damaged does not give the reboots back.
	m.Must("systemctl stop procward; for f in /var/lib/procward/state.[01]; do echo damaged >$f; done; systemctl start procward")
	m.Until("journalctl --quiet --output=cat --boot PROCWARD_EVENT=rung-refused | grep 'not known'")
	if n := len(m.Boots()); n != 3 {
		t.Errorf("%d boots after the damage", n)
	}
	// The operator does.
	m.End("procward recover --all")
	if got := m.Event("SHUTDOWN").Reason; got != "guest-reset" {
		t.Error(got)
	}
}

// TestWatchdog: procward feeds the watchdog device over its own death, gives it back when
// it is stopped, and lets it reset a machine in which no process can be had any more, or in
// which all stand still.
func TestWatchdog(t *testing.T) {
	t.Parallel()
	m := newHost(t, resort(often, "  userspace: {interval: 5s, timeout: 5s}\n", "none: {}"))
	m.Must("systemctl enable --now --quiet procward; sync")
	said(m, "found")
	m.Must("systemctl kill --kill-who=main --signal=KILL procward")
	m.Until("test $(systemctl show --value --property=NRestarts procward) = 1 && systemctl is-active procward")
	if err := quiet(m, 75*time.Second); err != "" {
		t.Errorf("after SIGKILL: %s", err)
	}
	m.Must("systemctl stop procward")
	if err := quiet(m, 75*time.Second); err != "" {
		t.Errorf("after a stop: %s", err)
	}
	for name, script := range map[string]string{
		// Every fork and every thread is refused, also to root; procward itself goes on.
		"no process can be had": "systemctl start procward; sleep 8; sync; echo 20 >/proc/sys/kernel/threads-max",
		// Every control group is frozen, that of PID 1 too: else systemd would start procward
		// again, which would feed on. Who does it stands outside of them all.
		"all stand still": "systemctl start procward; sleep 8; sync; (echo $BASHPID >/sys/fs/cgroup/cgroup.procs; " +
			"for g in user.slice system.slice init.scope; do echo 1 >/sys/fs/cgroup/$g/cgroup.freeze; done) & disown",
	} {
		known, console := len(m.Events()), len(m.Console())
		began := time.Now()
		go m.Exec(script) // it is not answered
		m.Event("SHUTDOWN")
		if got := join(m.Events()[known:]); got != "WATCHDOG reset, SHUTDOWN guest-reset" {
			t.Errorf("%s: %s", name, got)
		}
		t.Logf("%s: reset after %v", name, time.Since(began).Round(time.Second))
		if strings.HasPrefix(name, "no process") && !strings.Contains(m.Console()[console:], "procward: the watchdog is not fed: user space") {
			t.Errorf("%s: the kernel's log does not say why", name)
		}
		m.NextBoot()
		m.Must("systemctl stop procward")
	}
}

// quiet says what has ended the machine within a time, or nothing.
func quiet(m *Guest, d time.Duration) string {
	known, end := len(m.Events()), time.Now().Add(d)
	for time.Now().Before(end) {
		if events := m.Events(); len(events) > known {
			return join(events[known:])
		}
		time.Sleep(100 * time.Millisecond)
	}
	return ""
}
