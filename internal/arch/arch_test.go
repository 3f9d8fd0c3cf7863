// Package arch holds the shape of the house: which package may import which, that every
// package says what it is for, and what go.mod may name.
package arch

import (
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pkg is what `go list -json` tells of one package.
type pkg struct {
	ImportPath   string
	Dir          string
	Imports      []string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json", "./...")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// allowed is, for each package of the house, what it may import of the house. A package
// that is not listed here fails the test, so that a new room is a decision.
var allowed = map[string][]string{
	"procscan":                   {"internal/account", "internal/hang", "internal/launch", "internal/scalar"},
	"procscan/succession":        {"procscan"},
	"procscan/traits":            {"procscan", "procscan/succession", "internal/sockdiag", "internal/hang"},
	"internal/scalar":            {},
	"internal/procfile":          {},
	"internal/visible":           {},
	"internal/ktime":             {},
	"internal/account":           {},
	"internal/kind":              {},
	"internal/launch":            {"internal/account", "internal/trust"},
	"internal/script":            {"internal/account", "internal/launch", "internal/scalar", "internal/trust"},
	"internal/sockdiag":          {},
	"internal/trust":             {},
	"internal/message":           {},
	"internal/notify":            {},
	"internal/runlevel":          {},
	"internal/systemd":           {"internal/scalar"},
	"watch":                      {"procscan", "internal/scalar"},
	"watch/probe":                {"watch", "procscan", "internal/account", "internal/hang", "internal/kind", "internal/scalar", "internal/script", "internal/trust"},
	"watch/evidence":             {"procscan", "internal/hang", "internal/sockdiag", "internal/trust"},
	"watch/vital":                {"watch", "procscan", "internal/hang", "internal/kind", "internal/scalar", "internal/sockdiag"},
	"restart":                    {"procscan", "watch", "internal/scalar", "internal/script"},
	"escalate":                   {"watch", "internal/kind", "internal/scalar", "internal/script"},
	"escalate/power":             {"internal/hang", "internal/scalar"},
	"conf.d":                     {"procscan", "watch", "watch/probe", "watch/vital", "restart", "escalate", "escalate/power", "internal/kind", "internal/scalar", "internal/script", "internal/trust", "internal/hang"},
	"internal/alarm":             {},
	"internal/engine":            {"internal/engine/climb", "internal/engine/lastresort", "internal/engine/life", "internal/engine/monitor", "internal/engine/operation", "internal/engine/saved", "internal/engine/signs", "conf.d", "internal/alarm", "escalate", "restart", "watch", "watch/probe", "watch/vital", "procscan", "procscan/succession", "procscan/traits", "internal/message", "internal/scalar", "internal/script"},
	"internal/host":              {"internal/engine", "internal/message", "internal/scalar", "internal/script", "internal/systemd", "procscan", "procscan/succession", "procscan/traits", "restart", "watch", "watch/evidence", "watch/probe", "watch/vital", "internal/launch"},
	"internal/control":           {"conf.d", "internal/engine", "internal/trust", "internal/account"},
	"internal/advice":            {"conf.d", "internal/account", "internal/hang", "internal/message", "internal/scalar", "internal/script", "internal/state", "internal/systemd", "internal/trust", "procscan", "watch"},
	"internal/arch":              {},
	"internal/daemon":            {"conf.d", "escalate", "escalate/power", "procscan", "watch", "watch/evidence", "watch/probe", "internal/account", "internal/control", "internal/engine", "internal/hang", "internal/host", "internal/message", "internal/notify", "internal/runlevel", "internal/scalar", "internal/script", "internal/state", "internal/systemd", "internal/trust"},
	"internal/demo":              {"conf.d", "internal/daemon", "internal/engine", "internal/message", "internal/terminal", "internal/scalar", "procscan"},
	"internal/explain":           {"conf.d", "escalate", "internal/rehearse", "internal/scalar", "procscan", "restart", "watch", "watch/evidence", "watch/probe", "watch/vital"},
	"internal/terminal":          {"internal/message"},
	"internal/rehearse":          {"conf.d", "escalate", "internal/engine", "internal/message", "internal/scalar", "internal/script", "procscan", "procscan/succession", "procscan/traits", "restart", "watch", "watch/probe", "watch/vital"},
	"internal/hang":              {},
	"internal/testbed":           {},
	"internal/testbed/cluster":   {},
	"internal/testbed/deadfs":    {},
	"internal/testbed/field":     {},
	"internal/testbed/nspawn":    {"internal/testbed"},
	"internal/testbed/run":       {},
	"internal/testbed/statetest": {},
	"internal/testbed/vm":        {"internal/testbed"},
	"internal/state":             {"procscan", "internal/trust"},
	"internal/bench":             {"procscan", "watch", "watch/probe", "watch/vital", "internal/scalar", "internal/script", "internal/message", "internal/engine", "conf.d"},
	"cmd/procward":               {"*"},

	// The rooms of the engine: no one knows another. Each writes what is saved of it.
	"internal/engine/climb":      {"internal/engine/saved", "escalate", "internal/message"},
	"internal/engine/lastresort": {"escalate"},
	"internal/engine/life":       {"internal/engine/saved", "internal/engine/signs", "conf.d", "escalate", "internal/message", "internal/scalar", "procscan", "procscan/succession", "procscan/traits", "restart", "watch", "watch/probe", "watch/vital"},
	"internal/engine/saved":      {"escalate", "procscan"},
	"internal/engine/signs":      {"internal/message", "procscan", "watch", "watch/probe", "watch/vital"},
	"internal/engine/monitor":    {"internal/engine/saved", "conf.d", "internal/message", "restart", "watch"},
	"internal/engine/operation":  {"internal/engine/saved", "escalate", "internal/message", "internal/script"},
}

// everywhere is what serves all and knows nobody: no arrow need be drawn to it.
var everywhere = []string{"internal/procfile", "internal/ktime", "internal/visible"}

// bed is the folder of what only tests need: no file of the product imports from it.
const bed = "internal/testbed"

func TestArrows(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "procward/")
		may, known := allowed[name]
		if !known {
			t.Errorf("%s is a new package: say in internal/arch what it may import", name)
			continue
		}
		for _, imp := range p.Imports {
			room, ours := strings.CutPrefix(imp, "procward/")
			if ours && !slices.Contains(slices.Concat(may, everywhere), room) && !slices.Contains(may, "*") {
				t.Errorf("%s imports %s: this arrow is not drawn; it may import %v", name, room, may)
			}
			if ours && strings.HasPrefix(room, bed) && !strings.HasPrefix(name, bed) {
				t.Errorf("%s imports %s outside its tests: the product is built without the test beds", name, room)
			}
		}
	}
}

// starts are the words by which a test starts a process, or makes what a umask changes.
var starts = []string{"exec.Command", "os.StartProcess", "syscall.ForkExec", "script.Runner", "nspawn.", "vm.", "testscript.", "os.MkdirAll(", "os.WriteFile("}

// What a test starts dies with it: the tests of a package that start anything are on a
// leash.
func TestTestsAreOnALeash(t *testing.T) {
	for _, p := range packages(t) {
		var text string
		for _, f := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
			b, err := os.ReadFile(filepath.Join(p.Dir, f))
			if err != nil {
				t.Fatal(err)
			}
			text += string(b)
		}
		does := slices.ContainsFunc(starts, func(word string) bool { return strings.Contains(text, word) })
		held := strings.Contains(text, "testbed.Leash()") || p.ImportPath == "procward/internal/testbed"
		if does && !held && p.ImportPath != "procward/internal/arch" { // which only asks go
			t.Errorf("%s starts processes or writes files in its tests: its TestMain begins with testbed.Leash()", p.ImportPath)
		}
	}
}

// only says which packages alone may import a library.
var only = map[string][]string{
	"gopkg.in/yaml.v3":                        {"conf.d"},
	"github.com/rs/zerolog":                   {"internal/message", "cmd/procward"},
	"github.com/spf13/cobra":                  {"cmd/procward"},
	"log":                                     {"internal/control"}, // http.Server wants one; it is silenced
	"log/syslog":                              {},
	"log/slog":                                {},
	"github.com/fsnotify":                     {"conf.d", "internal/runlevel"},
	"github.com/godbus/dbus":                  {"internal/systemd"},
	"github.com/coreos/go-systemd/v22/dbus":   {"internal/systemd"},
	"github.com/coreos/go-systemd/v22/login1": {"internal/systemd"},
	"net/http":                                {"internal/control", "watch/probe", "internal/bench"},
}

// outside is what a pure machine has nothing to do with: the world, and the clock.
var outside = regexp.MustCompile(`"(os|os/.*|syscall|sync|sync/.*|golang.org/x/sys/unix|net|net/.*|context|procward/internal/(host|systemd))"|` +
	`\b(time\.(Now|Since|Until|Sleep|After|AfterFunc|Tick|NewTimer|NewTicker)|procscan\.(Open|Boottime|SupervisorAt))\(|\bgo func|\bmake\(chan`)

// The engine gives effects for inputs, and has neither clock nor lock: what it does can be
// repeated on a virtual clock. So it is by a rehearsal, which touches nothing.
func TestTheEngineIsPure(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "procward/")
		if name != "internal/engine" && name != "internal/rehearse" && !strings.HasPrefix(name, "internal/engine/") {
			continue
		}
		for _, f := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, f))
			if err != nil {
				t.Fatal(err)
			}
			if found := outside.FindString(string(text)); found != "" {
				t.Errorf("%s/%s has %s: that is the business of internal/host", name, f, found)
			}
		}
	}
}

func TestLibrariesKeepToTheirRooms(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "procward/")
		for _, imp := range p.Imports {
			for lib, rooms := range only {
				if (imp == lib || strings.HasPrefix(imp, lib+"/")) && !slices.Contains(rooms, name) {
					t.Errorf("%s imports %s, which belongs to %v", name, imp, rooms)
				}
			}
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		var said []string
		for _, f := range append(append(slices.Clone(p.GoFiles), p.TestGoFiles...), p.XTestGoFiles...) {
			if strings.HasSuffix(f, "_test.go") && len(p.GoFiles) > 0 {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if parsed.Doc != nil {
				said = append(said, f)
			}
		}
		if len(said) != 1 {
			t.Errorf("%s has package comments in %v: it needs exactly one", p.ImportPath, said)
		}
	}
}

// direct is every module that go.mod may name without "// indirect".
var direct = []string{
	"github.com/coreos/go-systemd/v22", "github.com/fsnotify/fsnotify", "github.com/godbus/dbus/v5",
	"github.com/prometheus/procfs", "github.com/rogpeppe/go-internal", "github.com/rs/zerolog",
	"github.com/spf13/cobra", "golang.org/x/sys", "gopkg.in/yaml.v3",
}

func TestGoMod(t *testing.T) {
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
		Replace []any
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	if len(mod.Replace) > 0 {
		t.Error("go.mod has a replace: what is built must be what the modules' own sums say")
	}
	for _, r := range mod.Require {
		if !r.Indirect && !slices.Contains(direct, r.Path) {
			t.Errorf("%s is a new direct dependency: it needs a reason, and a line here", r.Path)
		}
	}
}

// Programs are started in one room, by a process that may hang: an execve(2) that does not
// return stops the whole of a Go program that calls it.
func TestOneDoorForPrograms(t *testing.T) {
	// What is no part of the daemon: the demo, which starts the daemon, and what tests it.
	free := []string{"internal/launch/", "internal/bench/", "internal/testbed/", "internal/demo/"}
	found := map[string]bool{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		for _, word := range []string{`"os/exec"`, "os.StartProcess(", "syscall.StartProcess(", "ForkExec(", "syscall.Exec(", "unix.Exec("} {
			if !strings.Contains(string(text), word) {
				continue
			}
			if found[word] = true; !slices.ContainsFunc(free, func(room string) bool { return strings.HasPrefix(name, room) }) {
				t.Errorf("%s has %s: programs are started by internal/script alone", name, word)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !found["ForkExec("] {
		t.Error("internal/launch does not fork: this test looks for the wrong words")
	}
}

// The machine that procward runs on is named in one place, so that no test and no demo
// can end it; and in a program that does nothing outside a virtual machine.
func TestOneWayToTheRealMachine(t *testing.T) {
	named := map[string][]string{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasPrefix(path, "../../internal/arch/") {
			return err
		}
		text, err := os.ReadFile(path)
		if path == "../../internal/testbed/vm/guest_test.go" {
			return err
		}
		for _, word := range []string{"power.RealPaths(", "power.Real(", "thisMachine("} {
			if strings.Contains(string(text), word) {
				named[word] = append(named[word], path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for word, paths := range named {
		if !slices.Equal(paths, []string{"../../cmd/procward/main.go"}) {
			t.Errorf("%s stands in %v", word, paths)
		}
	}
	if len(named) != 3 {
		t.Errorf("found only %v", named)
	}
}
