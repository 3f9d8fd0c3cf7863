package procscan

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"procward/internal/account"
)

func TestNear(t *testing.T) {
	me, other := itoa(os.Geteuid()), itoa(os.Geteuid()+1)
	s, root := tree(t, append(web(),
		fake{pid: 50, comm: "redis", exe: "/opt/redis/redis", args: []string{"redis", "--port", "1"}, start: 50},
		fake{pid: 51, comm: "redis-copy", exe: "/home/x/redis", args: []string{"redis", "--port", "2"}},
		fake{pid: 52, comm: "redis", state: 'Z', ppid: 50},
		fake{pid: 53, comm: "sh", exe: "/bin/sh", args: []string{"sh", "/scripts/start", "redis"}})...)
	s.SetScripts([]string{"/scripts/start"})
	pidfile := filepath.Join(root, "pidfile")
	if err := os.WriteFile(pidfile, []byte("51"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		fill func(*Match)
		want []string
	}{
		"user": {func(m *Match) { m.Name, m.User = "java", other }, []string{
			"20: name is java, but user is " + account.NameOf(uint32(os.Geteuid()), nil) + ", not " + other,
			"21: name is java, but user is " + account.NameOf(uint32(os.Geteuid()), nil) + ", not " + other,
		}},
		"no such user": {func(m *Match) { m.Name, m.User = "redis", "no-such-user" }, []string{
			`50: name is redis, but user "no-such-user": no such user`,
			"52: name is redis, but it is a zombie: dead, and not yet reaped by its parent, PID 50",
		}},
		"same base name": {func(m *Match) { m.Exe, m.User = "/usr/bin/redis", me }, []string{
			"50: user is " + me + ", but exe is /opt/redis/redis, not /usr/bin/redis",
			"51: user is " + me + ", but exe is /home/x/redis, not /usr/bin/redis",
			"52: name is redis, but it is a zombie: dead, and not yet reaped by its parent, PID 50",
		}},
		"best first": {func(m *Match) { m.Name, m.Exe, m.Args = "redis", "/home/x/redis", "port 2" }, []string{
			`51: exe is /home/x/redis, args "port 2" is found, but name is redis-copy, not redis`,
			`50: name is redis, but exe is /opt/redis/redis, not /home/x/redis, args "port 2" is not found in "redis --port 1"`,
			"52: name is redis, but it is a zombie: dead, and not yet reaped by its parent, PID 50",
		}},
		"not-args": {func(m *Match) { m.Name, m.NotArgs = "redis", "port 1" }, []string{
			`50: name is redis, but not-args "port 1" is found in "redis --port 1"`,
			"52: name is redis, but it is a zombie: dead, and not yet reaped by its parent, PID 50",
		}},
		"unit": {func(m *Match) { m.Unit, m.Name = "shop.service", "scala" }, []string{
			"20: unit is /system.slice/shop.service/payload, but name is java, not scala",
		}},
		"child": {func(m *Match) { m.Name, m.Args, m.NotArgs = "nginx", "process", "shutting" }, []string{
			`12: name is nginx, args "process" is found, but not-args "shutting" is found in "nginx: worker process is shutting down"`,
			"30: name is nginx, but it is a zombie: dead, and not yet reaped by its parent, PID 1",
			`31: name is nginx, but args "process" is not found in ""`,
			"11: matches, but is a child of PID 10, which matches too (select: root)",
		}},
		"oldest": {func(m *Match) { m.Name, m.Select = "java", Oldest }, []string{
			"21: matches, but PID 20 is the oldest one (select: oldest)",
		}},
		"namespace": {func(m *Match) { m.Name, m.Unit = "nginx", "docker/abc" }, []string{
			"31: name is nginx, unit is /docker/abc, but it is in another PID namespace (namespace: own)",
			"10: name is nginx, but unit is /system.slice/nginx.service, not docker/abc",
			"11: name is nginx, but unit is /system.slice/nginx.service, not docker/abc",
			"12: name is nginx, but unit is /system.slice/nginx.service, not docker/abc",
			"30: name is nginx, but it is a zombie: dead, and not yet reaped by its parent, PID 1",
		}},
		"script": {func(m *Match) { m.Args = "start" }, []string{
			`53: args "start" is found, but it is procward's own script or child`,
		}},
		"kernel thread": {func(m *Match) { m.Name = "kthreadd" }, []string{
			"2: name is kthreadd, but it is a kernel thread",
		}},
		"pidfile": {func(m *Match) { m.Name, m.Pidfile = "redis", pidfile }, []string{
			"52: name is redis, but it is a zombie: dead, and not yet reaped by its parent, PID 50",
		}},
		"no pidfile": {func(m *Match) { m.Args, m.Pidfile = "port 2", pidfile+"x" }, nil},
		"nothing":    {func(m *Match) { m.Name = "nobody" }, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			misses, err := s.Near(t.Context(), matcher(t, test.fill))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range misses {
				got = append(got, itoa(m.PID)+": "+m.Why)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got")
				for _, line := range got {
					t.Errorf("\t%s", line)
				}
				t.Errorf("want %q", test.want)
			}
		})
	}
}

func TestNearIsBounded(t *testing.T) {
	s, _ := tree(t, crowd(50)...)
	misses, err := s.Near(t.Context(), matcher(t, func(m *Match) { m.Name, m.Exe = "a", "/other" }))
	if err != nil || len(misses) != MaxNear {
		t.Errorf("%d, %v", len(misses), err)
	}
}
