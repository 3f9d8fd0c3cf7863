package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"

	"procward/internal/ktime"
	"procward/procscan"
)

// way is one way to read the process table.
type way struct {
	what  string
	read  func() (time.Duration, error)
	took  sample
	floor *way // what it is set beside, or nil
	goal  float64
}

// scans measures reading the whole process table.
func scans(ctx context.Context, b *bench) (t table, err error) {
	if err := b.fill(ctx, b.many()); err != nil {
		return t, err
	}
	bare, err := talk(ctx, b.tool("scan"))
	if err != nil {
		return t, err
	}
	defer bare.close()
	fs, err := procscan.Open("/proc")
	if err != nil {
		return t, err
	}
	defer fs.Close()
	ways, scanner, err := waysToScan(ctx, bare, fs)
	if err != nil {
		return t, err
	}
	defer scanner.Close()
	if err := b.aged(ctx); err != nil {
		return t, err
	}
	rounds := b.rounds(15, 5)
	for i := range rounds + 1 {
		for _, w := range ways {
			d, err := w.read()
			if err != nil {
				return t, fmt.Errorf("%s: %w", w.what, err)
			}
			if i > 0 { // the first is to warm up
				w.took = append(w.took, d)
			}
		}
	}
	for _, w := range ways {
		if w.floor != nil {
			t.add(against(w.what, w.floor.took, w.took, w.goal))
		}
	}
	if fast, why := scanner.Fast(); !fast {
		t.note("Look reads everything on this host: %s.", why)
	}
	t.note("Median of %d rounds, in turns. The floor is getdents64 and one read of stat for each process, for the rows by args of cmdline too.", rounds)
	for _, w := range ways {
		t.note("%s: %s.", w.what, w.took.span())
	}
	return t, nil
}

// waysToScan are the floors and everything that is measured.
func waysToScan(ctx context.Context, bare *talker, fs *procscan.FS) ([]*way, *procscan.Scanner, error) {
	byName := procscan.DefaultMatch()
	byName.Name, byName.User = "scan", "root"
	byArgs := procscan.DefaultMatch()
	byArgs.Args = "floor/scan$"
	name, err := byName.Compile()
	if err != nil {
		return nil, nil, err
	}
	args, err := byArgs.Compile()
	if err != nil {
		return nil, nil, err
	}
	scanner := procscan.NewScanner(fs)
	stat := &way{what: "floor, stat", read: func() (time.Duration, error) { return askScan(bare, "s") }}
	cmdline := &way{what: "floor, stat and cmdline", read: func() (time.Duration, error) { return askScan(bare, "c") }}
	ours := func(m *procscan.Matcher, look bool) func() (time.Duration, error) {
		return func() (time.Duration, error) { return scanOnce(ctx, scanner, m, look) }
	}
	return []*way{
		stat,
		{what: "Scan by name and user", read: ours(name, false), floor: stat, goal: 1.3},
		cmdline,
		{what: "Scan by args", read: ours(args, false), floor: cmdline, goal: 1.3},
		{what: "Look by name and user", read: ours(name, true), floor: stat},
		{what: "Look by args", read: ours(args, true), floor: cmdline},
		{what: "procfs AllProcs and Stat, for comparison", read: readProcfs, floor: stat},
	}, scanner, nil
}

// askScan lets the floor run once.
func askScan(bare *talker, how string) (time.Duration, error) {
	line, err := bare.ask("%s", how)
	if err != nil {
		return 0, err
	}
	_, took, _ := strings.Cut(line, " ")
	ns, err := strconv.ParseInt(took, 10, 64)
	return time.Duration(ns), err
}

// scanOnce finds the floor's own process.
func scanOnce(ctx context.Context, s *procscan.Scanner, m *procscan.Matcher, look bool) (time.Duration, error) {
	read := s.Scan
	if look {
		read = s.Look
	}
	began := ktime.Monotonic()
	found, err := read(ctx, []*procscan.Matcher{m})
	took := ktime.Monotonic() - began
	if err == nil && len(found[0].Selected) == 0 {
		err = fmt.Errorf("the process that is there was not found")
	}
	return took, err
}

// readProcfs is the same with the library.
func readProcfs() (time.Duration, error) {
	began := ktime.Monotonic()
	all, err := procfs.AllProcs()
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		if _, err := p.Stat(); err != nil {
			continue // it has ended
		}
	}
	return ktime.Monotonic() - began, nil
}
