package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// peers kills the same target under each supervisor, in turns.
func peers(ctx context.Context, b *bench) (t table, err error) {
	t.head = []string{"supervisor", "how it watches", "median", "beside procward", "", ""}
	a, err := b.newArena("peers", true)
	if err != nil {
		return t, err
	}
	defer a.close()
	var all []*supervised
	defer func() { stopAll(all) }()
	how := map[string]string{}
	for _, p := range contenders() {
		s, err := p.start(ctx, b, a)
		if err != nil {
			t.add(row{what: p.who, floor: p.how, ours: "not measured"})
			t.note("%s: %v.", p.who, err)
			continue
		}
		how[p.who] = p.how
		all = append(all, s)
	}
	rounds := b.rounds(25, 3)
	if err := compete(ctx, all, rounds); err != nil {
		return t, err
	}
	var ours time.Duration
	for _, s := range all {
		if s.who == "procward" {
			ours = s.up.median()
		}
	}
	for _, s := range all {
		r := row{what: s.who, floor: how[s.who], ours: show(s.up.median())}
		if ours > 0 {
			r.ratio = times(ratio(s.up.median(), ours))
		}
		t.add(r)
		t.note("%s: %s.", s.who, s.spans())
	}
	t.note("SIGKILL to the first instruction of the new target, median of %d kills each, in turns and at random moments. procward and monit start it by a script, a small C program; the others, being its parent, directly. monit looks once a second (`set daemon 1`) for a process that matches a pattern. Everything else is as the package has it. What they write while they do so lies on %s.", rounds, fileSystem(b.dir))
	return t, nil
}

// times is a factor in words, to two or three digits.
func times(f float64) string {
	if f >= 10 {
		return fmt.Sprintf("%.0f times", f)
	}
	return fmt.Sprintf("%.2f times", f)
}

// compete warms up, then kills in turns at random moments, so that nobody's cycle can
// fall into step with the kills.
func compete(ctx context.Context, all []*supervised, rounds int) error {
	for i := range rounds + 1 {
		for _, s := range all {
			if err := sleep(ctx, rand.N(time.Second)); err != nil {
				return err
			}
			if err := s.kill(ctx); err != nil {
				return err
			}
			if i == 0 {
				s.forget()
			}
		}
	}
	return nil
}

// contender is a supervisor and how it is set up.
type contender struct {
	who, how string
	start    func(context.Context, *bench, *arena) (*supervised, error)
}

func contenders() []contender {
	return []contender{
		{"procward", "pidfd, not the parent", func(ctx context.Context, b *bench, a *arena) (*supervised, error) {
			s, _, err := underProcward(ctx, b, a)
			return s, err
		}},
		{"daemontools", "parent", parent("daemontools", "usr/bin/supervise")},
		{"runit", "parent", parent("runit", "usr/bin/runsv")},
		{"supervisord", "parent", underSupervisord},
		{"monit", "reads /proc every second, not the parent", underMonit},
	}
}

func parent(pkg, program string) func(context.Context, *bench, *arena) (*supervised, error) {
	return func(ctx context.Context, b *bench, a *arena) (*supervised, error) {
		path, err := b.unpacked(ctx, pkg, program)
		if err != nil {
			return nil, err
		}
		return underParent(ctx, a, pkg, path)
	}
}

func underSupervisord(ctx context.Context, b *bench, a *arena) (*supervised, error) {
	path, err := b.unpacked(ctx, "supervisor", "usr/bin/supervisord")
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(a.dir, "supervisor")
	conf := fmt.Sprintf(`[supervisord]
nodaemon=true
user=root
logfile=%[1]s/log
pidfile=%[1]s/pid
childlogdir=%[1]s
[program:target]
command=%[2]s bench-supervisord %[3]s %[4]s
autorestart=true
`, dir, a.target, a.report, a.lifeline)
	if err := configure(dir, conf); err != nil {
		return nil, err
	}
	cmd := command(ctx, "/usr/bin/python3", path, "-c", filepath.Join(dir, "conf"))
	cmd.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(filepath.Dir(filepath.Dir(path)), "lib/python3/dist-packages"))
	return a.supervise(ctx, "supervisord", cmd)
}

func underMonit(ctx context.Context, b *bench, a *arena) (*supervised, error) {
	path, err := b.unpacked(ctx, "monit", "usr/bin/monit")
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(a.dir, "monit")
	conf := fmt.Sprintf(`set daemon 1
set log %[1]s/log
set pidfile %[1]s/pid
set idfile %[1]s/id
set statefile %[1]s/state
check process target matching "^%[2]s bench-monit "
  start program = "%[5]s bench-monit %[3]s %[4]s %[2]s"
`, dir, a.target, a.report, a.lifeline, a.script)
	if err := configure(dir, conf); err != nil {
		return nil, err
	}
	return a.supervise(ctx, "monit", command(ctx, path, "-I", "-c", filepath.Join(dir, "conf")))
}

// configure writes a configuration that nobody else may read, as monit insists.
func configure(dir, conf string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o600)
}
