package procscan

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"procward/internal/testbed/deadfs"
)

// What the index leaves out is what a comparison with every query would leave out.
func TestIndexLeavesOutNothing(t *testing.T) {
	for seed := range uint64(6) {
		luck := rand.New(rand.NewPCG(seed, 3))
		pick := func(of ...string) string { return of[luck.IntN(len(of))] }
		var fakes []fake
		for pid := 10; pid < 60; pid++ {
			fakes = append(fakes, fake{
				pid: pid, ppid: 1 + luck.IntN(pid), comm: pick("aa", "bb", "cc"), exe: pick("/x/aa", "/x/bb", "/x/bb (deleted)", "/x/cc"),
				args:   []string{pick("/x/aa", "bb"), pick("-serve shop", "-serve\nmail", "x"), fmt.Sprint("part-", luck.IntN(30))},
				cgroup: pick("0::/s/one.service", "0::/s/_two.service/payload", "0::/three"),
			})
		}
		s, _ := tree(t, fakes...)
		var ms []*Matcher
		for range 120 {
			m := DefaultMatch()
			m.Name, m.Exe = pick("", "aa", "bb"), pick("", "", "/x/aa", "/x/bb")
			m.Args = pick("", "", "serve", fmt.Sprint("part-", luck.IntN(30)), fmt.Sprintf("(?i)PART-%d", luck.IntN(30)), fmt.Sprintf("serve (shop|mail) part-%d$", luck.IntN(30)), "part-1|part-2")
			m.NotArgs, m.User = pick("", "", "shop"), pick("", "", itoa(os.Geteuid()), "4242")
			m.Unit = pick("", "", "one.service", "two.service", "three", "s/one.service", "payload")
			c, err := m.Compile()
			if err != nil {
				continue // it says nothing
			}
			ms = append(ms, c)
		}
		got, err := s.Scan(t.Context(), ms)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range ms {
			if want := byHand(s, m, fakes); !slices.Equal(pids(got[i].Matching), want) {
				t.Errorf("seed %d: %+v finds %v, want %v", seed, m.match, pids(got[i].Matching), want)
			}
		}
	}
}

// byHand compares each process with one query.
func byHand(s *Scanner, m *Matcher, fakes []fake) []int {
	var l lookups
	l.begin(1)
	q := m.resolve(&l)
	subject := newSubject(s.fs, func(ID, string) error { return nil })
	subject.ours = s.ours
	out := []int{}
	for _, f := range fakes {
		if subject.open(f.pid) == nil {
			if v, _ := subject.judge(&q); v == yes {
				out = append(out, f.pid)
			}
		}
	}
	return out
}

// With one process for each of many entries a process is compared with few of them, however
// many there are, whatever they ask for.
func TestComparisonsDoNotGrowWithTheEntries(t *testing.T) {
	for what, fill := range map[string]func(m *Match, i int){
		"name": func(m *Match, i int) { m.Name = fmt.Sprint("app", i) },
		"exe":  func(m *Match, i int) { m.Exe = fmt.Sprint("/opt/app", i, "/bin/java") },
		"args": func(m *Match, i int) { m.Args = fmt.Sprintf("-name shop%d( |$)", i) },
		"unit": func(m *Match, i int) { m.Unit = fmt.Sprintf("app%d.service", i) },
		"name and args": func(m *Match, i int) {
			m.Name, m.Args = "java", fmt.Sprintf("-name shop%d( |$)", i)
		},
	} {
		t.Run(what, func(t *testing.T) {
			const n = 200
			var fakes []fake
			var ms []*Matcher
			for i := range n {
				comm := fmt.Sprint("app", i)
				if what == "name and args" {
					comm = "java"
				}
				fakes = append(fakes, fake{pid: 10 + i, comm: comm, exe: fmt.Sprint("/opt/app", i, "/bin/java"),
					args: []string{"java", "-name", fmt.Sprint("shop", i)}, cgroup: fmt.Sprintf("0::/system.slice/app%d.service", i)})
				ms = append(ms, matcher(t, func(m *Match) { fill(m, i) }))
			}
			s, _ := tree(t, fakes...)
			got, err := s.Scan(t.Context(), ms)
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if want := []int{10 + i}; !slices.Equal(pids(got[i].Selected), want) {
					t.Fatalf("entry %d selects %v, want %v", i, pids(got[i].Selected), want)
				}
			}
			if judged := s.crew.idle.subject.judged; judged > 20*n {
				t.Errorf("%d comparisons for %d processes and as many entries", judged, n)
			}
		})
	}
}

func TestWordIn(t *testing.T) {
	for expr, want := range map[string]string{
		"server": "server", "-D ?FOREGROUND": "FOREGROUND", "(catalina)+ x": "catalina", "(?i)server": "", "a|b": "", "abc": "",
		"shop-(eu|us)-live": "shop-", "(word){2,}": "word", "(word){0,2}": "", "one\ntwo": "one two", "^.*$": "", "x\uFFFDyzabc": "",
	} {
		if got := wordIn(expr); got != want {
			t.Errorf("%q: %q, want %q", expr, got, want)
		}
	}
}

// Line breaks in arguments are bytes as others are to a dot, and blanks to a blank.
func TestLineBreaksInArguments(t *testing.T) {
	s, _ := tree(t, fake{pid: 10, comm: "sh", args: []string{"sh", "-c", "first\nsecond\r\nthird", "--end"}})
	for args, want := range map[string]bool{
		"first.second": true, "first second": true, `first\s+second`: true, `first\nsecond`: true, "first.*--end": true, `^sh -c first second`: true,
		"firstsecond": false, "second  third": true, `third --end$`: true,
	} {
		if got := len(find(t, s, func(m *Match) { m.Args = args }).Matching) == 1; got != want {
			t.Errorf("args %q: found is %v", args, got)
		}
		if got := len(find(t, s, func(m *Match) { m.Name, m.NotArgs = "sh", args }).Matching) == 1; got == want {
			t.Errorf("not-args %q: found is %v", args, got)
		}
	}
}

// A link to a program of another name means the process that goes by the name of the link.
func TestExeThatIsALink(t *testing.T) {
	dir := resolved(t, t.TempDir())
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"busybox", "redis-check", "python3.11"} {
		if err := os.WriteFile(path(name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"httpd": "busybox", "syslogd": "busybox", "redis-server": "redis-check", "redis-sentinel": "redis-check", "python3": "python3.11"} {
		if err := os.Symlink(to, path(link)); err != nil {
			t.Fatal(err)
		}
	}
	s, _ := tree(t,
		fake{pid: 10, comm: "httpd", exe: path("busybox"), args: []string{"httpd", "-f"}},
		fake{pid: 11, comm: "syslogd", exe: path("busybox"), args: []string{"/sbin/syslogd"}},
		fake{pid: 12, comm: "busybox", exe: path("busybox"), args: []string{"busybox", "sleep"}},
		fake{pid: 20, comm: "redis-server", exe: path("redis-check"), args: []string{"redis-server *:6379"}},
		fake{pid: 21, comm: "bio", exe: path("redis-check"), args: []string{"/usr/bin/redis-sentinel *:26379 [sentinel]"}},
		fake{pid: 22, comm: "x", exe: path("redis-check") + " (deleted)", args: []string{"-redis-server"}},
		fake{pid: 23, comm: "x", exe: path("redis-server") + " (deleted)", args: []string{"renamed"}},
		fake{pid: 30, comm: "app.py", exe: path("python3.11"), args: []string{path("python3"), "/srv/app.py"}},
		fake{pid: 31, comm: "python3.11", exe: path("python3.11"), args: []string{"python3.11", "x.py"}},
	)
	for link, want := range map[string][]int{
		"busybox": {10, 11, 12}, "httpd": {10}, "syslogd": {11}, "redis-server": {20, 22, 23}, "redis-sentinel": {21}, "python3": {30, 31},
	} {
		if got := pids(find(t, s, func(m *Match) { m.Exe, m.Select = path(link), All }).Matching); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", link, got, want)
		}
	}
}

// A pidfile on a file system that does not answer is no hint, and holds up neither this look
// for long nor the next at all.
func TestPidfileThatHangs(t *testing.T) {
	dead := deadfs.Mount(t)
	s, _ := tree(t, fake{pid: 10, comm: "daemon"}, fake{pid: 11, ppid: 10, comm: "daemon"})
	var ms []*Matcher
	for i := range 40 { // more than may hang at once
		ms = append(ms, matcher(t, func(m *Match) { m.Name, m.Pidfile = "daemon", filepath.Join(dead.Dir, deadfs.Lost, fmt.Sprint(i)) }))
	}
	ms = append(ms, matcher(t, func(m *Match) { m.Args, m.Select = "nothing", All }))
	for range 2 {
		got, err := s.Look(t.Context(), ms)
		if err != nil {
			t.Fatal(err)
		}
		for i, sel := range got[:40] {
			if !slices.Equal(pids(sel.Selected), []int{10}) || sel.Err != nil || sel.Hint != 0 {
				t.Errorf("entry %d: %v, hint %d, %v", i, pids(sel.Selected), sel.Hint, sel.Err)
			}
		}
	}
	if s.crew.hanging.Load() > 0 {
		t.Error("what hangs keeps others from being read")
	}
}

func TestPidfileAlone(t *testing.T) {
	m := DefaultMatch()
	m.Pidfile = "/run/x.pid"
	if err := m.Validate(); err == nil || err.Error() != "pidfile: is only a hint, and a stale one names somebody else's process: add at least one of exe, name, args, unit" {
		t.Error(err)
	}
}
