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
	Log              Log                  `yaml:"log"`
	Observe          bool                 `yaml:"observe"`
	Follow           bool                 `yaml:"follow"`            // true
	ParallelRestarts int                  `yaml:"parallel-restarts"` // 8, at least 1
	Pressure         probe.Pressure       `yaml:"pressure"`
	RebootLimit      escalate.RebootLimit `yaml:"reboot-limit"`
	Userspace        *power.Userspace     `yaml:"userspace"` // nil: not proved
}

// Log says where messages go.
type Log struct {
	To       []string `yaml:"to"`       // auto, journal, syslog, stderr
	Facility string   `yaml:"facility"` // syslog facility: daemon, local0 …
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
