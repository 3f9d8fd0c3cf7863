package advice

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	confd "procward/conf.d"
	"procward/internal/testbed"
)

func TestSupervisorDoubts(t *testing.T) {
	link := filepath.Join(t.TempDir(), "runsv")
	if err := os.Symlink("/bin/sh", link); err != nil {
		t.Fatal(err)
	}
	parent := exec.Command(link, "-c", "sleep 1000 & wait")
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = parent.Process.Kill()
		_ = parent.Wait()
	})
	testbed.Until(t, "the parent is called runsv", func() bool { return commOf(parent.Process.Pid) == "runsv" })
	got := supervisorDoubts(Sight{Selected: []Seen{{PID: 1, PPID: parent.Process.Pid}, {PID: 2, PPID: parent.Process.Pid}, {PID: 3, PPID: os.Getpid()}}})
	if len(got) != 1 || !strings.Contains(got[0], "selects a child of runsv") {
		t.Errorf("%q", got)
	}
}

func TestSharedDoubts(t *testing.T) {
	cfg, err := confd.Load(fstest.MapFS{
		"a.yaml": {Data: []byte("processes:\n  web:\n    match: {name: httpd}\n    restart: {run: /bin/a}\n")},
		"b.yaml": {Data: []byte("processes:\n  www:\n    match: {exe: /usr/sbin/httpd}\n    restart: {run: /bin/a}\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := sharedDoubts(cfg, []Sight{{Name: "web", Selected: []Seen{{PID: 7}, {PID: 8}}}, {Name: "www", Selected: []Seen{{PID: 7}, {PID: 8}}}, {Name: "other", Selected: []Seen{{PID: 9}}}})
	want := "selects pid 7, which web (a.yaml:3) selects as well: after its death both would restart it; narrow one match, or remove one entry"
	if len(got) != 1 || len(got["www"]) != 1 || got["www"][0] != want {
		t.Errorf("%q", got)
	}
}

func TestOwnProgramIsKnown(t *testing.T) {
	if !isProcward(os.Getpid()) || isProcward(0) || isProcward(os.Getppid()) {
		t.Error("what runs this program is not told from others")
	}
}
