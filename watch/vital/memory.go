package vital

import "procward/internal/scalar"

// MemoryKind is what is counted of the memory of a process.
type MemoryKind string

// The kinds. A page that several processes share counts in full in the RSS of each, and so
// several times in Tree; in the PSS of each by its part; in Private not at all.
const (
	RSS     MemoryKind = "rss"     // resident memory, of proc_pid_stat(5)
	PSS     MemoryKind = "pss"     // Pss of /proc/PID/smaps_rollup
	Private MemoryKind = "private" // Private_Clean and Private_Dirty of it
	Tree    MemoryKind = "tree"    // the RSS of the process and of all its descendants that live
)

// Memory is a limit on memory: of one kind, so that it is one sign, rss, for all of them.
type Memory struct {
	Kind  MemoryKind `yaml:"kind"` // rss
	Limit `yaml:",inline"`
}

// DefaultMemory is a Memory before its keys are read.
func DefaultMemory() Memory { return Memory{Kind: RSS, Limit: DefaultLimit()} }

// SetDefaults is for who reads the keys.
func (m *Memory) SetDefaults() { *m = DefaultMemory() }

// memoryKinds are the rows of the kinds.
var memoryKinds = map[MemoryKind]kind{RSS: rss, PSS: pss, Private: private, Tree: tree}

func (m *Memory) kind() kind {
	if k, known := memoryKinds[m.Kind]; known {
		return k
	}
	return rss
}

// Validate reports, as a KeyError, a kind that does not exist.
func (k MemoryKind) Validate() error {
	if _, known := memoryKinds[k]; known {
		return nil
	}
	return scalar.Errorf("kind", "%q is not known: write rss, pss, private or tree", string(k))
}

// memoryWords say what an amount is of.
var memoryWords = map[kind]string{
	rss: "rss %s", rssGrowth: "rss %s", pss: "pss %s", private: "private memory %s", tree: "rss %s with all descendants",
}
