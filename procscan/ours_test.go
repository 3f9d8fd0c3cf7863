package procscan

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

func TestScriptsDoNotMatch(t *testing.T) {
	const script = "/etc/procward/scripts/httpd-with-a-long-name"
	s, _ := tree(t,
		fake{pid: 10, comm: commOf(script), exe: "/usr/bin/dash", args: []string{"/bin/sh", script}},
		fake{pid: 11, comm: "sh", exe: "/usr/bin/dash", args: []string{"sh", "-e", "-u", script}},
		fake{pid: 12, comm: "sh", exe: "/usr/bin/dash", args: []string{"sh", "-e", "-u", "-x", script}},
		fake{pid: 13, comm: commOf(script), exe: "/usr/sbin/httpd", args: []string{"httpd"}},
		fake{pid: 14, comm: "tail", exe: "/usr/bin/tail", args: []string{"tail", script + ".log"}})
	byName := func(m *Match) { m.Name, m.Select = commOf(script), All }
	byArgs := func(m *Match) { m.Args, m.Select = "httpd", All }
	byExe := func(m *Match) { m.Exe, m.Select = "/usr/bin/dash", All }
	tests := []struct {
		scripts []string
		fill    func(*Match)
		want    []int
	}{
		{nil, byName, []int{10, 13}},
		{nil, byArgs, []int{10, 11, 12, 13, 14}},
		{[]string{script}, byName, []int{13}},
		{[]string{script}, byArgs, []int{12, 13, 14}},
		{[]string{script}, byExe, []int{11, 12}}, // not by the name of a script, and nobody asks for args
		{[]string{"/other"}, byArgs, []int{10, 11, 12, 13, 14}},
		{[]string{"/other", script}, byName, []int{13}},
	}
	for i, test := range tests {
		s.SetScripts(test.scripts)
		for _, scan := range []scanFunc{s.Scan, s.Look} {
			if got := pids(scanOne(t, scan, matcher(t, test.fill)).Selected); !slices.Equal(got, test.want) {
				t.Errorf("%d: got %v, want %v", i, got, test.want)
			}
		}
	}
}

// A restart command may be the program itself: then it is the target, if the match says
// so by exe or name, also where it is started through a link.
func TestScriptThatIsAProgram(t *testing.T) {
	dir := resolved(t, t.TempDir())
	program, link := filepath.Join(dir, "daemon"), filepath.Join(dir, "link")
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("daemon", link); err != nil {
		t.Fatal(err)
	}
	s, _ := tree(t,
		fake{pid: 10, comm: "daemon", exe: program, args: []string{program, "-f"}},
		fake{pid: 11, comm: "link", exe: program, args: []string{link, "-f"}})
	s.SetScripts([]string{program, link})
	for name, test := range map[string]struct {
		fill func(*Match)
		want []int
	}{
		"exe":  {func(m *Match) { m.Exe, m.Args, m.Select = program, "-f", All }, []int{10, 11}},
		"name": {func(m *Match) { m.Name = "daemon" }, []int{10}},
		"args": {func(m *Match) { m.Args = "-f" }, nil},
	} {
		if got := pids(find(t, s, test.fill).Selected); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestRealScript(t *testing.T) {
	script := filepath.Join(resolved(t, t.TempDir()), "procscan-script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nread x\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(script)
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	s, _ := realScanner(t)
	byName := matcher(t, func(m *Match) { m.Name = "procscan-script" })
	within(t, "the script runs", func() bool { return len(scanOne(t, s.Scan, byName).Selected) == 1 })
	s.SetScripts([]string{script})
	for _, m := range []*Matcher{byName, matcher(t, func(m *Match) { m.Args = script })} {
		if sel := scanOne(t, s.Scan, m); len(sel.Selected) != 0 {
			t.Errorf("%v", sel.Selected)
		}
	}
}

func TestOwnProcessDoesNotMatch(t *testing.T) {
	s, _ := realScanner(t)
	child := start(t) // runs our own program, with other arguments
	sel := find(t, s, func(m *Match) { m.Exe, m.User, m.Select = resolved(t, os.Args[0]), itoa(os.Geteuid()), All })
	got := pids(sel.Selected)
	if slices.Contains(got, os.Getpid()) || !slices.Contains(got, child.pid()) {
		t.Errorf("we are %d, our child is %d, found %v", os.Getpid(), child.pid(), got)
	}
}

// A child that has not executed anything yet is our own image.
func TestForkedChildDoesNotMatch(t *testing.T) {
	s, _ := tree(t,
		fake{pid: 10, ppid: 9, comm: "procward", exe: "/usr/bin/procward", args: []string{"procward", "run"}},
		fake{pid: 11, ppid: 9, comm: "procward", exe: "/usr/bin/procward", args: []string{"procward", "demo"}},
		fake{pid: 12, ppid: 8, comm: "procward", exe: "/usr/bin/procward", args: []string{"procward", "run"}})
	s.ours.self, s.ours.exe, s.ours.args = 9, "/usr/bin/procward", "procward run"
	sel := find(t, s, func(m *Match) { m.Name, m.Select = "procward", All })
	if got := pids(sel.Selected); !slices.Equal(got, []int{11, 12}) {
		t.Errorf("got %v", got)
	}
}

// A command like procward status httpd has the name of the process among its arguments.
func TestOurOwnCommandsDoNotMatch(t *testing.T) {
	const exe = "/usr/bin/procward"
	s, _ := tree(t,
		fake{pid: 10, comm: "procward", exe: exe, args: []string{"procward", "status", "httpd"}},
		fake{pid: 11, comm: "httpd", exe: "/usr/sbin/httpd", args: []string{"httpd"}})
	s.ours.exe = exe
	for _, test := range []struct {
		fill func(*Match)
		want []int
	}{
		{func(m *Match) { m.Args = "httpd" }, []int{11}},
		{func(m *Match) { m.Args, m.Name = "httpd", "procward" }, []int{10}}, // asked for
		{func(m *Match) { m.Args, m.Exe = "httpd", exe }, []int{10}},
	} {
		if got := pids(scanOne(t, s.Scan, matcher(t, test.fill)).Selected); !slices.Equal(got, test.want) {
			t.Errorf("got %v, want %v", got, test.want)
		}
	}
}
