package message

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// Sink is a place where messages go. Write returns nil when the log daemon or the file
// has the message; after an error it is called again with the same message. One goroutine
// at a time calls it. A Sink that is also an io.Closer is closed at the end.
type Sink interface {
	Write(Message) error
}

// Where the log daemons of a host listen.
const (
	JournalSocket = "/run/systemd/journal/socket" // systemd-journald.service(8), its native protocol
	SyslogSocket  = "/dev/log"                    // syslog(3)
)

// writeTimeout is how long one write may take before it counts as failed.
const writeTimeout = 2 * time.Second

// Destination says where messages go.
type Destination struct {
	To       []string // any of auto, journal, syslog, stderr; none means auto
	Facility string   // syslog facility by its word; empty means daemon
	JSON     bool     // JSON lines on stderr, not text
}

// Validate reports a word that is no destination or no facility.
func (d Destination) Validate() error {
	var errs []error
	for _, word := range d.To {
		switch word {
		case "auto", "journal", "syslog", "stderr":
		default:
			errs = append(errs, fmt.Errorf("%q is not one of auto, journal, syslog, stderr", word))
		}
	}
	if d.Facility != "" {
		_, err := ParseFacility(d.Facility)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Open makes the sinks of a destination, each with a queue of its own. "auto" is journald
// if its socket exists, else syslog if /dev/log exists, else stderr until one of them
// comes (see Auto). The log daemon need not run yet: messages wait in the queue.
func Open(d Destination) (*Log, error) {
	return open(d, JournalSocket, SyslogSocket, os.Stderr)
}

func open(d Destination, journal, syslog string, stderr *os.File) (*Log, error) {
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("log destination: %w", err)
	}
	facility := FacilityDaemon
	if d.Facility != "" {
		facility, _ = ParseFacility(d.Facility)
	}
	stream, err := NewStream(stderr, d.JSON)
	if err != nil {
		return nil, fmt.Errorf("log to stderr: %w", err)
	}
	sinks := map[string]Sink{"journal": NewJournald(journal, facility), "syslog": NewSyslog(syslog, facility), "stderr": stream}
	words := resolve(d.To, exists(journal), exists(syslog))
	if slices.Contains(words, "auto") {
		sinks["auto"] = autoFor(words, sinks, journal, syslog)
	}
	var queues []*Queue
	for _, word := range words {
		queues = append(queues, NewQueue(sinks[word], word, queueSize))
	}
	return NewLog(queues...), nil
}

// resolve replaces auto by the sink that it stands for, and removes duplicates. If there
// is no log daemon auto stays.
func resolve(to []string, journal, syslog bool) []string {
	auto := "auto"
	switch {
	case journal:
		auto = "journal"
	case syslog:
		auto = "syslog"
	}
	if len(to) == 0 {
		return []string{auto}
	}
	var out []string
	for _, word := range to {
		if word == "auto" {
			word = auto
		}
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// autoFor leaves out the sinks that are named in addition to auto.
func autoFor(words []string, sinks map[string]Sink, journal, syslog string) Sink {
	var candidates []Candidate
	for _, c := range []struct{ word, path string }{{"journal", journal}, {"syslog", syslog}} {
		if !slices.Contains(words, c.word) {
			candidates = append(candidates, Candidate{c.path, sinks[c.word]})
		}
	}
	if slices.Contains(words, "stderr") {
		return NewAuto(nil, candidates...)
	}
	return NewAuto(sinks["stderr"], candidates...)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
