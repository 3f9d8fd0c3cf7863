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
}

func run(args []string) error {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.out, "out", "", "the page to write the results to, beside the terminal")
	flags.BoolVar(&o.short, "short", false, "fewer rounds and at most 1,000 processes: a minute in all, of little worth as a measurement")
	flags.BoolVar(&o.peers, "peers", false, "measure the same kill under other supervisors, and nothing else")
	flags.StringVar(&o.only, "only", "", "some parts only, divided by commas: "+strings.Join(partNames(), ", "))
	flags.StringVar(&o.as, "as", "", "used by bench itself: be a subject of the measurement")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if o.as != "" {
		return beSubject(ctx, o.as)
	}
	return measure(ctx, o)
}

// measure runs what is asked for and writes the page.
func measure(ctx context.Context, o options) error {
	chosen, err := choose(o)
	if err != nil {
		return err
	}
	b, err := newBench(ctx, o.short)
	if err != nil {
		return err
	}
	defer b.close()
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
