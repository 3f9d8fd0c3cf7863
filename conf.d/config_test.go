package confd

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"

	"procward/escalate"
	"procward/escalate/power"
	"procward/internal/kind"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/procscan"
	"procward/restart"
	"procward/watch/probe"
)

// TestDefaults holds what a drop-in that says the least means.
func TestDefaults(t *testing.T) {
	c := loadOne(t, "a.yaml", []byte(`
processes:
  a:
    group: g
    match: {name: a}
    restart: {run: /bin/a, kill: {timeout: 1m}}
    escalate: [restart-group: , hook: {run: /bin/h}]
groups: {g: }
`))
	if len(c.Problems) > 0 {
		t.Fatal(show(c.Problems))
	}
	spec := restart.DefaultSpec()
	spec.Run, spec.Kill.Timeout = script.Argv{"/bin/a"}, scalar.Duration(time.Minute)
	match := procscan.DefaultMatch()
	match.Name = "a"
	want := Process{
		Group: "g", Match: match, Absent: AbsentRestart, Excess: DefaultExcess(), Restart: spec,
		Escalate: &escalate.Ladder{
			{RestartGroup: &escalate.RestartGroup{Attempts: scalar.AtMost(1), Window: scalar.Duration(24 * time.Hour)}},
			{Hook: &escalate.Hook{Run: script.Argv{"/bin/h"}, Timeout: scalar.Duration(time.Minute)}},
		},
	}
	if got := c.Processes["a"]; !reflect.DeepEqual(got, want) {
		t.Errorf("process: got\n%+v\nwant\n%+v", got, want)
	}
	if got, want := c.Groups["g"], escalate.DefaultGroup(); !reflect.DeepEqual(got, want) {
		t.Errorf("group: got\n%+v\nwant\n%+v", got, want)
	}
	if got, want := c.Daemon, (Daemon{
		Log: Log{To: []string{"auto"}, Facility: "daemon"}, Follow: true, ParallelRestarts: 8,
		Pressure:    probe.Pressure{CPU: probe.Share{Percent: 90}, IO: probe.Share{Percent: 60}, Memory: probe.Share{Percent: 40}},
		RebootLimit: escalate.DefaultRebootLimit(),
	}); !reflect.DeepEqual(got, want) {
		t.Errorf("daemon: got\n%+v\nwant\n%+v", got, want)
	}
}

// TestLadderOfNone holds that no ladder and an empty one are two things.
func TestLadderOfNone(t *testing.T) {
	c := loadOne(t, "a.yaml", []byte(procs(proc("absent", ""), proc("empty", ", escalate: []"))))
	if c.Processes["absent"].Escalate != nil {
		t.Error("a ladder where there is none")
	}
	if l := c.Processes["empty"].Escalate; l == nil || len(*l) != 0 {
		t.Errorf("the empty ladder: %v", l)
	}
}

// TestEveryKey holds that each value of a drop-in with every key arrives, by comparing
// those that differ from the defaults.
func TestEveryKey(t *testing.T) {
	data := readFile(t, filepath.Join("testdata/good", "every-key.yaml"))
	c := loadOne(t, "every-key.yaml", data)
	never, whole := restart.Kill{Never: true}, c.Processes["httpd"]
	if got := c.Processes["appserver"].Restart.Kill; got != never {
		t.Errorf("kill: never: %+v", got)
	}
	want := restart.Spec{
		Run: script.Argv{"/usr/local/sbin/restart", "httpd", "5", "yes", "0755"}, When: restart.Abnormal, Attempts: scalar.Unlimited,
		Clean: restart.Endings{{}, {Code: 143}, {Signal: unix.SIGTERM}}, Final: restart.Endings{{Code: 78}},
		Window: scalar.Duration(90 * time.Minute), Delay: scalar.Duration(500 * time.Millisecond),
		Backoff: restart.Backoff{Factor: 1.5, Max: scalar.Duration(2 * time.Minute)}, Timeout: scalar.Duration(2 * time.Minute),
		StartTimeout: scalar.Duration(24 * time.Hour), Kill: restart.Kill{Signal: "SIGINT", Timeout: scalar.Duration(time.Second), Tree: true}, Orphans: restart.LeaveOrphans,
		Dump: &restart.Dump{Signal: "QUIT", Wait: scalar.Duration(2 * time.Second)},
		User: "apache", Env: map[string]string{"LANG": "C", "PORT": "8080", "DEBUG": "yes", "EMPTY": ""},
	}
	if !reflect.DeepEqual(whole.Restart, want) {
		t.Errorf("restart: got\n%+v\nwant\n%+v", whole.Restart, want)
	}
	if want := (Excess{Action: ExcessRestart, For: scalar.Duration(10 * time.Second)}); whole.Excess != want {
		t.Errorf("excess: got %+v, want %+v", whole.Excess, want)
	}
	wantMatch := procscan.Match{
		Exe: "/usr/sbin/httpd", Name: "httpd", Args: "-D ?FOREGROUND", NotArgs: "graceful-stop", User: "apache", Unit: "httpd.service",
		Namespace: "any", Select: procscan.All, Count: procscan.Count{Min: 2, Max: scalar.AtMost(64)},
	}
	if whole.Match != wantMatch {
		t.Errorf("match: got\n%+v\nwant\n%+v", whole.Match, wantMatch)
	}
	for _, key := range keysOf(reflect.TypeFor[dropin](), "") {
		if word := key[strings.LastIndexByte(key, '.')+1:]; !strings.Contains(string(data), word+":") {
			t.Errorf("the key %s is not in the drop-in", key)
		}
	}
}

// keysOf is every key below a type, with NAME for a name of the operator's choice.
func keysOf(t reflect.Type, path string) []string {
	var out []string
	switch t.Kind() {
	case reflect.Pointer:
		return keysOf(t.Elem(), path)
	case reflect.Map:
		if t.Elem().Kind() == reflect.Struct {
			return keysOf(t.Elem(), join(path, "NAME"))
		}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Struct {
			return keysOf(t.Elem(), path)
		}
	case reflect.Struct:
		for _, key := range fields(t) {
			i, _ := field(t, key)
			out = append(out, join(path, key))
			out = append(out, keysOf(t.FieldByIndex(i).Type, join(path, key))...)
		}
	}
	return out
}

func TestScriptPaths(t *testing.T) {
	c := loadOne(t, "every-key.yaml", readFile(t, "testdata/good/every-key.yaml"))
	want := []string{"/usr/local/sbin/hook", "/usr/local/sbin/plug-in", "/usr/local/sbin/restart", "/usr/local/sbin/web", "/usr/local/sbin/web-stop"}
	if got := c.Scripts(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOSRungs(t *testing.T) {
	c, err := Load(fstest.MapFS{
		"a.yaml": {Data: []byte(procs(proc("a", ", group: g, escalate: [stop-group: , panic: {}]"), proc("b", ", escalate: [reboot: ]")))},
		"b.yaml": {Data: []byte("groups:\n  g:\n    escalate:\n      - restart-group:\n      - shutdown: {wait: 5s}\n")},
	})
	must(t, err)
	want := `a.yaml:2:89: processes.a.escalate[1].panic: here
a.yaml:3:65: processes.b.escalate[0].reboot: here
b.yaml:5:9: groups.g.escalate[1].shutdown: here
`
	var got []Problem
	for _, u := range c.OSRungs() {
		got = append(got, c.At(u.Section, u.Name, u.Key, "here"))
	}
	if show(got) != want {
		t.Errorf("got\n%swant\n%s", show(got), want)
	}
}

func TestAllRejected(t *testing.T) {
	for want, fsys := range map[bool]fstest.MapFS{
		true:  {"a.yaml": {Data: []byte("a")}, "b.yaml": {Data: []byte("b")}},
		false: {"a.yaml": {Data: []byte("a")}, "b.yaml": {}},
	} {
		c, err := Load(fsys)
		must(t, err)
		if c.AllRejected() != want {
			t.Errorf("%v", !want)
		}
	}
	if (&Config{}).AllRejected() {
		t.Error("of no drop-in every one is bad")
	}
}

// TestRungsEndTheMachine holds that each rung which ends the machine has a way to do it, and
// that no other has.
func TestRungsEndTheMachine(t *testing.T) {
	for i, name := range kind.Names[escalate.Rung]() {
		var one escalate.Rung
		row := reflect.ValueOf(&one).Elem().Field(i)
		row.Set(reflect.New(row.Type().Elem()))
		if one.Name() != name || one.OS() != power.Knows(name) {
			t.Errorf("%s (%s): ends the machine %v, and package power knows of it %v", name, one.Name(), one.OS(), power.Knows(name))
		}
	}
}
