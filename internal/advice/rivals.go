package advice

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	confd "procward/conf.d"
	"procward/procscan"
)

// supervisorDoubts finds the parents of selected processes that restart them as well.
func supervisorDoubts(s Sight) []string {
	parents := map[int]procscan.Supervisor{}
	for _, p := range s.Selected {
		if up, is := procscan.SupervisorAt(p.PPID); is {
			parents[p.PPID] = up
		}
	}
	var out []string
	for _, pid := range slices.Sorted(maps.Keys(parents)) {
		up := parents[pid]
		out = append(out, fmt.Sprintf("selects a child of %s (pid %d, of %s), which starts it again by itself, so that two restarters fight: leave the restart to one of them (attempts: 0 only watches and escalates)", up.Comm, pid, up.Of))
	}
	return out
}

func commOf(pid int) string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// isProcward reports whether a process runs this program.
func isProcward(pid int) bool {
	if pid <= 0 {
		return false
	}
	exe, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/exe")
	if err != nil {
		return commOf(pid) == "procward"
	}
	own, _ := os.Readlink("/proc/self/exe")
	exe = strings.TrimSuffix(exe, " (deleted)")
	return exe == own || filepath.Base(exe) == "procward"
}

// sharedDoubts says, for each name, which other names have a process in common with it:
// after the death of the process both would restart it.
func sharedDoubts(cfg *confd.Config, sights []Sight) map[string][]string {
	first, out := map[int]string{}, map[string][]string{}
	told := map[[2]string]bool{}
	for _, s := range sights {
		for _, p := range s.Selected {
			other, taken := first[p.PID]
			if !taken {
				first[p.PID] = s.Name
				continue
			}
			if pair := [2]string{other, s.Name}; !told[pair] {
				told[pair] = true
				at := cfg.At("processes", other, "match", "")
				out[s.Name] = append(out[s.Name], fmt.Sprintf("selects pid %d, which %s (%s:%d) selects as well: after its death both would restart it; narrow one match, or remove one entry", p.PID, other, at.File, at.Line))
			}
		}
	}
	return out
}
