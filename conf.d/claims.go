package confd

import (
	"encoding/hex"
	"path/filepath"
	"strings"
)

// Claims says which drop-ins of a directory are in force. A daemon keeps them and gives
// them to its next Loader. Then, after a restart, the Loader chooses between two drop-ins
// with the same name as it did before: a copy beside a drop-in does not take its place.
type Claims struct {
	Files map[string]string `json:"files"` // by the name of the drop-in: the checksum of what is in force
	Names map[string]string `json:"names"` // of processes, groups, monitors: the drop-in that declares them
}

// claim is what was in force of one drop-in before this load.
type claim struct {
	sum   string
	names map[string]bool
}

// byFile is the claim of each drop-in.
func (c Claims) byFile() map[string]claim {
	out := map[string]claim{}
	for file, sum := range c.Files {
		out[file] = claim{sum, map[string]bool{}}
	}
	for name, file := range c.Names {
		if c, ok := out[file]; ok {
			c.names[name] = true
		}
	}
	return out
}

// claims is what is in force now.
func (cs candidates) claims() Claims {
	out := Claims{Files: map[string]string{}, Names: map[string]string{}}
	for _, c := range cs {
		if c.use == nil {
			continue
		}
		out.Files[filepath.Base(c.newest.file)] = hex.EncodeToString(c.use.sum[:])
		for _, n := range c.use.names {
			out.Names[n.name] = filepath.Base(c.newest.file)
		}
	}
	return out
}

// byName compares names of drop-ins without their suffix: a.yaml comes before a-old.yaml,
// though "." comes after "-".
func byName(a, b *candidate) int {
	return strings.Compare(strings.TrimSuffix(a.newest.file, ".yaml"), strings.TrimSuffix(b.newest.file, ".yaml"))
}
