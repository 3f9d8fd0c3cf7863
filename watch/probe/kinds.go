package probe

import (
	"slices"
	"time"

	"procward/internal/kind"
)

// Kinds is the table of probes, one row for each: a check has exactly one. The comments
// of the rows, and those of the keys of each kind, are the text of the documentation.
type Kinds struct {
	// asks a web server, each time over a new connection, never over a proxy
	HTTP *HTTP `yaml:"http"`
	// connects to a port
	TCP *TCP `yaml:"tcp"`
	// connects to a stream socket
	Unix *Unix `yaml:"unix"`
	// runs a script or a Nagios plug-in (monitoring-plugins); its first line of output is in
	// the message
	Exec *Exec `yaml:"exec"`
	// a file that the program touches or replaces again and again
	Heartbeat *Heartbeat `yaml:"heartbeat"`
	// a socket for programs that use `sd_notify`: `READY=1`, `WATCHDOG=1`, `STATUS=`
	Notify *Notify `yaml:"notify"`
	// asks a Redis server, or one like it: `PING`, and its role
	Redis *Redis `yaml:"redis"`
}

// probe is what each row of the table can do. What has defaults also has SetDefaults.
type probe interface {
	// validate reports every key of the kind that is wrong, as scalar.KeyErrors; it gets the
	// check that the kind belongs to.
	validate(c Check) error
	// needs is what the kind uses of the host.
	needs() []Need
	// worst is the WorstCase of a valid check.
	worst(c Check) time.Duration
	// checker makes the object that carries out the checks.
	checker(at site) (checker, error)
}

// Need is something of the host that a check uses.
type Need struct {
	Key  string // where it is configured: "http.auth-file"
	Use  Use
	Argv []string // the path, and what follows it if it is run
}

// Use is what a Need is for.
type Use int

// The uses of a path.
const (
	Reads   Use = iota // a file with content: nobody else may write it
	Runs               // a program
	Listens            // a socket that procward makes there, for the program to speak to
)

// set is the kinds that are set: one in a valid check.
func (k Kinds) set() []kind.Row[probe] { return kind.Set[probe](k) }

// Kind is the kind of a valid check: "http", "exec" and so on; empty if none is set.
func (k Kinds) Kind() string {
	if set := k.set(); len(set) > 0 {
		return set[0].Name
	}
	return ""
}

// Needs is what a valid check uses of the host.
func (k Kinds) Needs() []Need {
	var all []Need
	for _, row := range k.set() {
		for _, n := range row.Kind.needs() {
			n.Key = row.Name + "." + n.Key
			all = append(all, n)
		}
	}
	return all
}

// Does reports whether a valid check uses something of the host in this way.
func (k Kinds) Does(use Use) bool {
	return slices.ContainsFunc(k.Needs(), func(n Need) bool { return n.Use == use })
}

// reads is the needs that are files, by their keys; those without a path are left out.
func reads(keysAndPaths ...string) []Need {
	var all []Need
	for pair := range slices.Chunk(keysAndPaths, 2) {
		if pair[1] != "" {
			all = append(all, Need{Key: pair[0], Use: Reads, Argv: pair[1:]})
		}
	}
	return all
}
