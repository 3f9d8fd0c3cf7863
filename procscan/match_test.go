package procscan

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"procward/internal/scalar"
)

// web is a table of processes with a little of everything.
func web() []fake {
	return []fake{
		{pid: 1, ppid: 0, comm: "systemd", exe: "/usr/lib/systemd/systemd", cgroup: "0::/init.scope"},
		{pid: 2, ppid: 0, comm: "kthreadd", flags: 0x00200000},
		{pid: 10, comm: "nginx", args: []string{"nginx: master process nginx -g x", "", ""}, exe: "/usr/sbin/nginx (deleted)", cgroup: "0::/system.slice/nginx.service"},
		{pid: 11, ppid: 10, comm: "nginx", args: []string{"nginx: worker process"}, exe: "/usr/sbin/nginx (deleted)", cgroup: "0::/system.slice/nginx.service"},
		{pid: 12, ppid: 10, comm: "nginx", args: []string{"nginx: worker process is shutting down"}, exe: "/usr/sbin/nginx (deleted)", start: 5, cgroup: "0::/system.slice/nginx.service"},
		{pid: 20, comm: "java", args: []string{"java", "-Dname=shop", "-jar", "shop.jar"}, exe: "/opt/jdk/bin/java", cgroup: "0::/system.slice/shop.service/payload"},
		{pid: 21, comm: "java", args: []string{"java", "-Dname=mail", "-jar", "mail.jar"}, exe: "/opt/jdk/bin/java", cgroup: "1:name=systemd:/system.slice/mail.service\n0::/"},
		{pid: 30, comm: "nginx", exe: "/usr/sbin/nginx", state: 'Z'},
		{pid: 31, comm: "nginx", exe: "/usr/sbin/nginx", nspid: "31\t7", cgroup: "0::/docker/abc"},
		{pid: 40, comm: "a b) (c", exe: "/usr/bin/odd (deleted)"},
	}
}

func TestKeys(t *testing.T) {
	s, _ := tree(t, web()...)
	tests := map[string]struct {
		fill func(*Match)
		want []int
	}{
		"name":               {func(m *Match) { m.Name = "nginx" }, []int{12, 10, 11}},
		"odd name":           {func(m *Match) { m.Name = "a b) (c" }, []int{40}},
		"part of a name":     {func(m *Match) { m.Name = "ngin" }, nil},
		"exe":                {func(m *Match) { m.Exe = "/usr/sbin/nginx" }, []int{12, 10, 11}},
		"exe with (deleted)": {func(m *Match) { m.Exe = "/usr/bin/odd (deleted)" }, []int{40}},
		"exe, unclean":       {func(m *Match) { m.Exe = "/usr//sbin/../sbin/nginx" }, []int{12, 10, 11}},
		"args":               {func(m *Match) { m.Args = `-Dname=shop -jar` }, []int{20}},
		"args, end":          {func(m *Match) { m.Args = `-g x$` }, []int{10}},
		"not-args":           {func(m *Match) { m.Name, m.NotArgs = "nginx", "shutting down|master" }, []int{11}},
		"unit":               {func(m *Match) { m.Unit = "nginx.service" }, []int{12, 10, 11}},
		"unit, delegated":    {func(m *Match) { m.Unit = "shop.service" }, []int{20}},
		"unit, hybrid":       {func(m *Match) { m.Unit = "mail.service" }, []int{21}},
		"unit, suffix":       {func(m *Match) { m.Unit = "shop.service/payload" }, []int{20}},
		"unit, slice":        {func(m *Match) { m.Name, m.Unit = "java", "system.slice" }, []int{20, 21}},
		"all hold":           {func(m *Match) { m.Name, m.Exe, m.Args = "java", "/opt/jdk/bin/java", "mail" }, []int{21}},
		"one fails":          {func(m *Match) { m.Name, m.Exe = "java", "/usr/bin/java" }, nil},
		"kernel thread":      {func(m *Match) { m.Name = "kthreadd" }, nil},
		"any namespace":      {func(m *Match) { m.Name, m.Namespace = "nginx", "any" }, []int{12, 10, 11, 31}},
		"user, by number":    {func(m *Match) { m.Name, m.User = "java", itoa(os.Geteuid()) }, []int{20, 21}},
		"user, another one":  {func(m *Match) { m.Name, m.User = "java", itoa(os.Geteuid()+1) }, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sel := find(t, s, test.fill)
			if got := pids(sel.Matching); !slices.Equal(got, test.want) || sel.Err != nil || len(sel.Unreadable) > 0 {
				t.Errorf("got %v, want %v; %v, %v", got, test.want, sel.Err, sel.Unreadable)
			}
		})
	}
}

func TestSelect(t *testing.T) {
	s, root := tree(t, web()...)
	pidfile := filepath.Join(root, "pidfile")
	tests := map[string]struct {
		fill func(*Match)
		pid  string // in the pidfile
		want []int
		hint int
	}{
		"root":                                   {func(m *Match) { m.Name = "nginx" }, "", []int{10}, 0},
		"all":                                    {func(m *Match) { m.Name, m.Select = "nginx", All }, "", []int{12, 10, 11}, 0},
		"oldest":                                 {func(m *Match) { m.Name, m.Select = "nginx", Oldest }, "", []int{12}, 0},
		"newest":                                 {func(m *Match) { m.Name, m.Select = "nginx", Newest }, "", []int{11}, 0},
		"roots":                                  {func(m *Match) { m.Args = "." }, "", []int{10, 20, 21}, 0},
		"worker of a master that does not match": {func(m *Match) { m.Args = "worker" }, "", []int{12, 11}, 0},
		"nothing, oldest":                        {func(m *Match) { m.Name, m.Select = "none", Oldest }, "", nil, 0},
		"pidfile":                                {func(m *Match) { m.Name, m.Pidfile = "nginx", pidfile }, "11\n", []int{11}, 11},
		"pidfile of a stranger":                  {func(m *Match) { m.Name, m.Pidfile = "nginx", pidfile }, "20\n", []int{10}, 0},
		"stale pidfile":                          {func(m *Match) { m.Name, m.Pidfile = "nginx", pidfile }, "999\n", []int{10}, 0},
		"no pidfile":                             {func(m *Match) { m.Name, m.Pidfile = "nginx", pidfile+"x" }, "", []int{10}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(pidfile, []byte(test.pid), 0o644); err != nil {
				t.Fatal(err)
			}
			sel := find(t, s, test.fill)
			if got := pids(sel.Selected); !slices.Equal(got, test.want) || sel.Hint != test.hint {
				t.Errorf("got %v, hint %d, want %v, %d", got, sel.Hint, test.want, test.hint)
			}
			if name != "nothing, oldest" && len(sel.Matching) == 0 {
				t.Error("Matching is empty")
			}
		})
	}
}

func TestSelectedHaveTheirUnit(t *testing.T) {
	s, _ := tree(t, web()...)
	for name, unit := range map[string]string{"java": "/system.slice/mail.service", "systemd": "/init.scope"} {
		sel := find(t, s, func(m *Match) { m.Name, m.Select = name, Newest })
		if len(sel.Selected) != 1 || sel.Selected[0].Unit != unit {
			t.Errorf("%s: %#v", name, sel.Selected)
		}
	}
}

func TestSeveralMatchersAtOnce(t *testing.T) {
	s, _ := tree(t, web()...)
	out, err := s.Scan(t.Context(), []*Matcher{
		matcher(t, func(m *Match) { m.Name, m.Select = "nginx", All }),
		matcher(t, func(m *Match) { m.Name = "nobody" }),
		matcher(t, func(m *Match) { m.Name, m.Args = "java", "shop" }),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got [][]int
	for _, sel := range out {
		got = append(got, pids(sel.Selected))
	}
	if want := [][]int{{12, 10, 11}, {}, {20}}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestExeThroughLinks(t *testing.T) {
	dir := resolved(t, t.TempDir())
	for _, name := range []string{"v1", "v2"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "app"), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	current := filepath.Join(dir, "current")
	point := func(to string) {
		t.Helper()
		os.Remove(current)
		if err := os.Symlink(to, current); err != nil {
			t.Fatal(err)
		}
	}
	s, _ := tree(t,
		fake{pid: 10, comm: "app", exe: filepath.Join(dir, "v1/app")},
		fake{pid: 11, comm: "app", exe: filepath.Join(dir, "v2/app")},
		fake{pid: 12, comm: "app", exe: filepath.Join(dir, "current/app")})
	m := matcher(t, func(m *Match) { m.Exe, m.Select = filepath.Join(current, "app"), All })
	for _, step := range []struct {
		link, remove string
		want         []int
	}{{"v1", "", []int{10, 12}}, {"v2", "", []int{11, 12}}, {"v2", "v2/app", []int{11, 12}}, {"gone", "", []int{12}}} {
		point(step.link)
		os.Remove(filepath.Join(dir, step.remove))
		for _, scan := range []scanFunc{s.Scan, s.Look} {
			if got := pids(scanOne(t, scan, m).Selected); !slices.Equal(got, step.want) {
				t.Errorf("current is %s: got %v, want %v", step.link, got, step.want)
			}
		}
	}
}

func TestUserThatDoesNotExist(t *testing.T) {
	s, _ := tree(t, web()...)
	out, err := s.Scan(t.Context(), []*Matcher{
		matcher(t, func(m *Match) { m.Name, m.User = "nginx", "no-such-user" }),
		matcher(t, func(m *Match) { m.Name = "nginx" }),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(out[0].Err, ErrNoUser) || !strings.Contains(out[0].Err.Error(), "no-such-user") || len(out[0].Matching) > 0 {
		t.Errorf("%#v", out[0])
	}
	if out[1].Err != nil || len(out[1].Matching) != 3 {
		t.Errorf("%#v", out[1])
	}
}

func TestUserByName(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	s, _ := tree(t, web()...)
	sel := find(t, s, func(m *Match) { m.Name, m.User = "java", me.Username })
	if len(sel.Matching) != 2 || int(sel.Matching[0].UID) != os.Geteuid() {
		t.Errorf("%#v", sel)
	}
}

// What ends while it is read is neither there nor an error.
func TestEndedDuringTheScan(t *testing.T) {
	s, _ := tree(t,
		fake{pid: 10, comm: "a", without: []string{"stat"}},
		fake{pid: 11, comm: "a", without: []string{"exe"}},
		fake{pid: 12, comm: "a", without: []string{"cmdline"}},
		fake{pid: 13, comm: "a", without: []string{"cgroup"}},
		fake{pid: 14, comm: "a", without: []string{"status"}},
		fake{pid: 15, comm: "a"})
	sel := find(t, s, func(m *Match) { m.Name, m.Exe, m.NotArgs, m.Unit = "a", "/usr/bin/a", "x", "x.service" })
	if got := pids(sel.Selected); !slices.Equal(got, []int{15}) || len(sel.Unreadable) > 0 {
		t.Errorf("%v, %v", got, sel.Unreadable)
	}
}

// What cannot be read is in doubt, for those matches that it could answer.
func TestUnreadable(t *testing.T) {
	s, root := tree(t, fake{pid: 10, comm: "a"}, fake{pid: 11, comm: "a", without: []string{"exe"}}, fake{pid: 12, comm: "b"})
	for path, text := range map[string]string{"11/exe": "no link", "12/stat": "nonsense"} {
		if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := s.Scan(t.Context(), []*Matcher{
		matcher(t, func(m *Match) { m.Name, m.Exe = "a", "/usr/bin/a" }),
		matcher(t, func(m *Match) { m.Name, m.Exe, m.Args = "a", "/usr/bin/a", "x" }), // what fails outweighs
		matcher(t, func(m *Match) { m.Name = "c" }),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"12 stat", "11 exe"}, {"12 stat"}, {"12 stat"}}
	for i, sel := range out {
		var got []string
		for _, u := range sel.Unreadable {
			got = append(got, itoa(u.PID)+" "+u.What)
			if u.Err == nil {
				t.Errorf("%v: no error", u)
			}
		}
		if !slices.Equal(got, want[i]) {
			t.Errorf("%d: got %q, want %q", i, got, want[i])
		}
	}
}

// Some files are longer than a page.
func TestLongFiles(t *testing.T) {
	s, root := tree(t, fake{pid: 10, comm: "a", args: []string{"a", strings.Repeat("x", 300_000), "last"}}, fake{pid: 11, comm: "a", args: []string{"last"}})
	status := "Name:\ta\nGroups:\t" + strings.Repeat("100000 ", 5000) + "\nNSpid:\t11\t1\n"
	if err := os.WriteFile(filepath.Join(root, "11/status"), []byte(status), 0o644); err != nil {
		t.Fatal(err)
	}
	sel := find(t, s, func(m *Match) { m.Args, m.Select = "last$", All })
	if got := pids(sel.Matching); !slices.Equal(got, []int{10}) {
		t.Errorf("got %v", got)
	}
	scanOne(t, s.Scan, matcher(t, func(m *Match) { m.Name = "nobody" }))
	if n := cap(s.crew.idle.subject.argsBuf); n > argsToKeep {
		t.Errorf("keeps %d bytes", n)
	}
}

func TestCompileRefuses(t *testing.T) {
	m := DefaultMatch()
	m.Args = "("
	var key *scalar.KeyError
	if c, err := m.Compile(); c != nil || !errors.As(err, &key) || key.Key != "args" {
		t.Errorf("%v, %v", c, err)
	}
}
