package vital

import (
	"errors"

	"procward/internal/scalar"
)

// MemoryKind is what is counted of the memory of a process.
type MemoryKind string

// The kinds. A page that several processes share counts in full in the RSS of each, and
// so several times in Tree; in part in the PSS of each; and not at all in Private.
const (
	RSS     MemoryKind = "rss"     // resident memory, of proc_pid_stat(5)
	PSS     MemoryKind = "pss"     // Pss of /proc/PID/smaps_rollup
	Private MemoryKind = "private" // Private_Clean and Private_Dirty of it
	Tree    MemoryKind = "tree"    // the RSS of the process and of all its descendants that live
)

// Memory is a limit on memory. For all kinds it is the same sign, rss.
type Memory struct {
	// what is counted: `rss`, `pss`, `private`, `tree`: below
	Kind  MemoryKind `yaml:"kind"`
	Limit `yaml:",inline"`
}

// DefaultMemory returns a Memory with its defaults.
func DefaultMemory() Memory { return Memory{Kind: RSS, Limit: DefaultLimit()} }

// SetDefaults sets the defaults before the keys are read.
func (m *Memory) SetDefaults() { *m = DefaultMemory() }

func (m *Memory) validate(string) error {
	return errors.Join(m.Kind.Validate(), m.validateAs(m.quantity()))
}

func (m *Memory) items(name string) []item { return m.itemsAs(name, m.quantity()) }

func (m *Memory) quantity() *quantity {
	if q, known := memories[m.Kind]; known {
		return q
	}
	return memories[RSS]
}

// Validate reports, as a KeyError, a kind that does not exist.
func (k MemoryKind) Validate() error {
	if _, known := memories[k]; known {
		return nil
	}
	return scalar.Errorf("kind", "%q is not known: write rss, pss, private or tree", string(k))
}
