package confd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"procward/escalate"
	"procward/escalate/power"
	"procward/internal/scalar"
	"procward/watch/probe"
)

// Daemon is the daemon: section.
type Daemon struct {
	// where messages go
	Log Log `yaml:"log"`
	// `true`: everything is seen, decided and reported, but nothing is done
	Observe bool `yaml:"observe"`
	// changed drop-ins come into force by themselves; `false`: only on reload
	Follow bool `yaml:"follow"`
	// how many restart scripts may run at the same time, from 1
	ParallelRestarts int `yaml:"parallel-restarts"`
	// from when on the host counts as overloaded, see below
	Pressure probe.Pressure `yaml:"pressure"`
	// limits the [rungs that end the machine](escalate.md#rungs-that-end-the-machine), over
	// reboots
	RebootLimit escalate.RebootLimit `yaml:"reboot-limit"`
	// a test of the user space for the watchdog device, see below. Absent: no test
	Userspace *power.Userspace `yaml:"userspace"`
}

// Log says where messages go.
type Log struct {
	// one or more of `auto`, `journal`, `syslog`, `stderr`
	To []string `yaml:"to"`
	// the facility of syslog, see below
	Facility string `yaml:"facility"`
}

// DefaultDaemon returns the daemon: section with its defaults. It is also used if no
// drop-in has the section.
func DefaultDaemon() Daemon {
	return Daemon{
		Log: Log{To: []string{"auto"}, Facility: "daemon"}, Follow: true, ParallelRestarts: 8, Pressure: probe.DefaultPressure(),
		RebootLimit: escalate.DefaultRebootLimit(),
	}
}

// SetDefaults sets the defaults before the keys are read.
func (d *Daemon) SetDefaults() { *d = DefaultDaemon() }

// sinks are the words of log.to; facilities those of log.facility (syslog(3)).
var (
	sinks      = []string{"auto", "journal", "syslog", "stderr"}
	facilities = []string{
		"daemon", "user", "auth", "authpriv", "cron", "mail", "news", "uucp", "lpr", "ftp",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
	}
)

// Validate reports every key that is wrong, as scalar.KeyErrors.
func (d Daemon) Validate() error {
	errs := []error{scalar.Under("log", d.Log.Validate())}
	if d.ParallelRestarts < 1 {
		errs = append(errs, scalar.Errorf("parallel-restarts", "%d is below 1", d.ParallelRestarts))
	}
	errs = append(errs, scalar.Under("reboot-limit", d.RebootLimit.Validate()))
	if d.Userspace != nil {
		errs = append(errs, scalar.Under("userspace", d.Userspace.Validate()))
	}
	return errors.Join(errs...)
}

// Validate reports a sink or a facility that does not exist.
func (l Log) Validate() error {
	var errs []error
	if len(l.To) == 0 {
		errs = append(errs, scalar.Errorf("to", "is empty: write [auto], or remove the key"))
	}
	for i, to := range l.To {
		key := fmt.Sprintf("to[%d]", i)
		switch {
		case !slices.Contains(sinks, to):
			errs = append(errs, scalar.Errorf(key, "%s", noWord(to, sinks)))
		case slices.Contains(l.To[:i], to):
			errs = append(errs, scalar.Errorf(key, "%q stands twice: remove one", to))
		}
	}
	if !slices.Contains(facilities, l.Facility) {
		errs = append(errs, scalar.Errorf("facility", "%s", noWord(l.Facility, facilities)))
	}
	return errors.Join(errs...)
}

// noWord says that a word is not one of the allowed ones, and lists these.
func noWord(word string, words []string) string {
	list := strings.Join(words, ", ")
	if near := nearest(word, words); near != "" {
		return fmt.Sprintf("%q is not known: did you mean %s? known here: %s", word, near, list)
	}
	return fmt.Sprintf("%q is not known: write one of %s", word, list)
}
