// Command bench measures procward against floors: small C programs that do the least that
// the kernel demands, built and run beside it. With -peers it kills the same program under
// other supervisors. What it finds it writes to a page, misses included.
//
// It needs root and gcc. Every process that it starts ends with it, however it ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// limit bounds a whole run; nothing may hang for ever.
const limit = 20 * time.Minute

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	out   string
	short bool
	peers bool
	only  string
	as    string
	tools string
}

func run(args []string) error {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.out, "out", "", "the page to write the results to, beside the terminal")
	flags.BoolVar(&o.short, "short", false, "fewer rounds and at most 1,000 processes: a minute in all, of little worth as a measurement")
	flags.BoolVar(&o.peers, "peers", false, "measure the same kill under other supervisors, and nothing else")
	flags.StringVar(&o.only, "only", "", "some parts only, divided by commas: "+strings.Join(partNames(), ", "))
	flags.StringVar(&o.as, "as", "", "used by bench itself: be a subject of the measurement")
	flags.StringVar(&o.tools, "tools", "", "used by bench itself: where the programs are, built before")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	switch {
	case o.as != "":
		return beSubject(ctx, o.as, flags.Args())
	case o.tools == "":
		return prepare(ctx, args)
	}
	return measure(ctx, o)
}

// prepare builds the programs, and runs bench again below one of them that reaps what
// loses its parent: how soon that is done must not depend on the host's PID 1.
func prepare(ctx context.Context, args []string) error {
	if os.Geteuid() != 0 {
		return errors.New("has to be root, as the daemon is")
	}
	dir, err := os.MkdirTemp(disk(), "procward-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tools := filepath.Join(dir, "floor")
	if err := build(ctx, tools); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	again := command(ctx, filepath.Join(tools, "reaper"), append([]string{self, "-tools", tools}, args...)...)
	again.Cancel = func() error { return again.Process.Signal(unix.SIGTERM) }
	again.WaitDelay = time.Minute
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	if err := again.Run(); err != nil {
		return fmt.Errorf("the measurement was not completed: %w", err)
	}
	return nil
}

// disk is where everything is written, state files too: by default a directory that is
// kept over a boot, file-hierarchy(7), and so is on a disk. /tmp is memory on many hosts.
func disk() string {
	if dir := os.Getenv("TMPDIR"); dir != "" {
		return dir
	}
	return "/var/tmp"
}

// measure runs what is asked for and writes the page.
func measure(ctx context.Context, o options) error {
	chosen, err := choose(o)
	if err != nil {
		return err
	}
	b := &bench{short: o.short, dir: filepath.Dir(o.tools), tools: o.tools}
	defer func() { b.crowd.close() }()
	s := section{name: sectionBench, title: "Against the floor"}
	if o.peers {
		s = section{name: sectionPeers, title: "The same kill under five supervisors"}
	}
	s.machine = lookAtMachine(ctx)
	for _, p := range chosen {
		fmt.Printf("\n%s\n", p.title)
		t := p.measured(ctx, b)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		fmt.Print(t.text())
		s.tables = append(s.tables, t)
	}
	if o.out == "" {
		return nil
	}
	if o.short || o.only != "" {
		return errors.New("a page is not written from a short or partial run: leave -out, or -short and -only")
	}
	return s.write(o.out)
}

// choose is the parts to run, in their order.
func choose(o options) ([]part, error) {
	if o.peers {
		return []part{{"peers", "SIGKILL to the new process's first instruction", peers}}, nil
	}
	all := parts(&bench{short: o.short})
	if o.only == "" {
		return all, nil
	}
	wanted := strings.Split(o.only, ",")
	for _, name := range wanted {
		if !slices.Contains(partNames(), name) {
			return nil, fmt.Errorf("-only %s: there are the parts %s", name, strings.Join(partNames(), ", "))
		}
	}
	return slices.DeleteFunc(all, func(p part) bool { return !slices.Contains(wanted, p.name) }), nil
}
