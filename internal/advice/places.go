package advice

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	confd "procward/conf.d"
	"procward/internal/state"
	"procward/internal/trust"
)

// Places warns of what is wrong with the directories that the daemon would use.
func Places(cfg *confd.Config, stateDir, socket string) []confd.Problem {
	var out []confd.Problem
	if err := state.Forgetful(stateDir); err != nil && !errors.Is(err, fs.ErrNotExist) && len(cfg.OSRungs()) > 0 {
		out = append(out, confd.Problem{Text: "rungs that end the machine will be refused: " + err.Error(), Warning: true})
	}
	return slices.Concat(out, shared("--state-dir", stateDir), shared("--socket", filepath.Dir(socket)))
}

// shared warns of a directory of procward's own that others may write: as root it is not used.
func shared(flag, dir string) []confd.Problem {
	whole, err := filepath.Abs(dir)
	if err == nil {
		err = trust.Check(whole, 0)
	}
	if os.Geteuid() != 0 || !errors.As(err, new(*trust.Error)) {
		return nil
	}
	return []confd.Problem{{Text: fmt.Sprintf("the directory of %s will not be used: %v", flag, err), Warning: true}}
}

// WithoutSystemd warns of matches by a systemd unit on a host without systemd. They are
// only warnings, because a control group of another program may match all the same.
func WithoutSystemd(cfg *confd.Config) []confd.Problem {
	var out []confd.Problem
	for _, name := range slices.Sorted(maps.Keys(cfg.Processes)) {
		if u := cfg.Processes[name].Match.Unit; strings.HasSuffix(u, ".service") && !strings.Contains(u, "/") {
			p := cfg.At("processes", name, "match.unit", "systemd does not run on this host, so that there is no control group of this name: match by exe, name or args")
			p.Warning = true
			out = append(out, p)
		}
	}
	return out
}
