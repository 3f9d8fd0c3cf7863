package message

import (
	"fmt"
	"os"
	"time"
)

// identifier is our name in every log.
const identifier = "procward"

// Syslog writes lines to a local syslog daemon in the form of RFC 3164 without a host
// name, as syslog(3) does: "<27>Nov 22 03:24:01 procward[812]: PW0201 …". It fits
// rsyslog's imuxsock, syslog-ng's unix-dgram and unix-stream, and journald's /dev/log.
type Syslog struct {
	socket
	facility Facility
	pid      int
}

// NewSyslog makes a sink for the socket at path, which is /dev/log on a usual host. It
// connects when it first writes.
func NewSyslog(path string, f Facility) *Syslog {
	return &Syslog{socket: socket{path: path, networks: []string{"unixgram", "unix"}}, facility: f, pid: os.Getpid()}
}

// Write sends one line.
func (s *Syslog) Write(m Message) error {
	pri := int(s.facility)<<3 | int(m.Severity())
	return s.send(fmt.Appendf(nil, "<%d>%s %s[%d]: %s", pri, m.Time.Local().Format(time.Stamp), identifier, s.pid, m.Line()))
}

// Facility is a syslog facility number (RFC 5424, table 1), not shifted.
type Facility int

// FacilityDaemon is the facility of system daemons, the default.
const FacilityDaemon Facility = 3

// facilities are the words of syslog.conf(5), by number.
var facilities = [...]string{
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	16: "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

// ParseFacility reads a word such as "daemon" or "local0".
func ParseFacility(word string) (Facility, error) {
	for n, w := range facilities {
		if w == word && w != "" && w != "kern" {
			return Facility(n), nil
		}
	}
	return 0, fmt.Errorf("%q is not a syslog facility: write for example daemon, user, or local0 to local7", word)
}

// String is the word, "facility 12" where there is none.
func (f Facility) String() string {
	if f < 0 || int(f) >= len(facilities) || facilities[f] == "" {
		return fmt.Sprintf("facility %d", int(f))
	}
	return facilities[f]
}
