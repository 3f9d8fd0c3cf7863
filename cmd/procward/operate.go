package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"io"

	"procward/internal/control"
	"procward/internal/engine"
	"procward/internal/terminal"
)

// operateFlags are the flags of the commands by which an operator changes what runs.
type operateFlags struct {
	json, dry, noWait, all bool
}

const operateCodes = `Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no daemon answers, 4 no process
or group has such a name, 5 the socket of the daemon may not be opened by this user; nothing
is done then.`

func operateCommands(f *flags) []*cobra.Command {
	return []*cobra.Command{
		operateCommand(f, engine.VerbStart, "start NAME…", "Start processes or groups, and watch them again", `Starts what is not up, by restart.run, restart.unit or the start script of the group,
after the groups that it depends on as far as those are stopped by procward stop or
have startup: manual. What is up already is left alone. From then on it is watched
again. The command waits until everything is found, or has failed to start.`),
		operateCommand(f, engine.VerbStop, "stop NAME…", "Stop processes or groups, and leave them stopped", `Stops processes, or groups with all groups that depend on them, dependents first: by the
stop script of the group, then what is left is killed as kill says. They stay stopped,
also over a restart of procward or of the host, until procward start. The rungs that
remain of a climb are cancelled. The command waits until everything is gone.`),
		operateCommand(f, engine.VerbSuspend, "suspend [NAME…]", "Do nothing about failures for a while", `Failures are reported and nothing is restarted or escalated, nothing counts, until
procward resume; also over a restart of procward or of the host. Scripts that run are
let finish. Without a name everything is suspended.`),
		operateCommand(f, engine.VerbResume, "resume [NAME…]", "End a suspension", `Looks at everything again: what is up is watched, what is not is absent. Without a name
everything is resumed that an operator has suspended.`),
		operateCommand(f, engine.VerbRecover, "recover NAME… | --all", "Give attempts back, and begin again from the bottom", `Gives back all attempts of the window, ends given-up and handed-over, and begins again
at the bottom of the ladder: what is down is restarted. Use it once the cause is mended.`),
	}
}

func operateCommand(f *flags, verb engine.Verb, use, short, long string) *cobra.Command {
	var o operateFlags
	needsName := verb == engine.VerbStart || verb == engine.VerbStop || verb == engine.VerbRecover
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long + "\n\n" + operateCodes,
		Example:           fmt.Sprintf("  procward %s web", verb),
		ValidArgsFunction: completeNames(f),
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case o.all && len(args) > 0:
				return errors.New("--all and a name: give one of them")
			case needsName && !o.all && len(args) == 0:
				return errors.New("names no process or group")
			}
			return nil
		},
		RunE: runs(func(cmd *cobra.Command, args []string) error { return o.operate(cmd, f, verb, args) }),
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "write JSON")
	cmd.Flags().BoolVar(&o.dry, "dry-run", false, "only say which processes it is about, in order")
	if verb == engine.VerbStart || verb == engine.VerbStop {
		cmd.Flags().BoolVar(&o.noWait, "no-wait", false, "return once it is under way")
	}
	if verb == engine.VerbRecover {
		cmd.Flags().BoolVar(&o.all, "all", false, "everything")
	}
	return cmd
}

func (o operateFlags) operate(cmd *cobra.Command, f *flags, verb engine.Verb, names []string) error {
	client := control.NewClient(f.socket)
	ctx, cancel := context.WithTimeout(cmd.Context(), statusDeadline)
	defer cancel()
	out, err := client.Operate(ctx, control.Order{Verb: verb, Names: names, Try: o.dry})
	if err != nil {
		return operateFailure(err, f.socket)
	}
	if out.ID == 0 || o.noWait {
		return o.show(cmd.OutOrStdout(), verb, out)
	}
	progress := cmd.OutOrStdout()
	if o.json {
		progress = io.Discard
	}
	done, err := follow(cmd.Context(), client, out, progress)
	if err != nil {
		return askFailure(err, f.socket)
	}
	if o.json {
		err = terminal.JSON(cmd.OutOrStdout(), done)
	}
	if err == nil && len(done.Failed) > 0 {
		return &failure{code: exitBad, err: fmt.Errorf("%s: %s", verb, strings.Join(done.Failed, "; ")), remedy: "procward status shows how things are"}
	}
	return err
}

func operateFailure(err error, socket string) error {
	var refused *control.Error
	if errors.As(err, &refused) && refused.Code == control.NoSuchName {
		return &failure{exitNoName, err, "procward status lists the names"}
	}
	return askFailure(err, socket)
}

// show writes what an order is about, where nothing is waited for.
func (o operateFlags) show(w io.Writer, verb engine.Verb, out engine.Ordered) error {
	if o.json {
		return terminal.JSON(w, out)
	}
	word := map[bool]string{false: string(verb), true: "would " + string(verb)}[o.dry]
	for _, name := range out.Processes {
		fmt.Fprintf(w, "%s: %s\n", word, terminal.Visible(name))
	}
	if len(out.Processes) == 0 {
		fmt.Fprintln(w, "nothing to do")
	}
	return nil
}

// followEvery is how often the daemon is asked for the progress of an order.
const followEvery = 100 * time.Millisecond

// follow waits until an order is done, and writes each change of state on the way.
func follow(ctx context.Context, client *control.Client, out engine.Ordered, w io.Writer) (engine.OrderStatus, error) {
	seen, pid := map[string]engine.State{}, 0
	for {
		s, err := ask(ctx, client)
		if err != nil {
			return engine.OrderStatus{}, err
		}
		i := slices.IndexFunc(s.Orders, func(ord engine.OrderStatus) bool { return ord.ID == out.ID })
		if i < 0 || pid != 0 && pid != s.PID {
			return engine.OrderStatus{}, errors.New("procward was started again meanwhile, and goes on with it: procward status tells how far it is")
		}
		pid = s.PID
		for _, p := range s.Processes {
			if slices.Contains(out.Processes, p.Name) && seen[p.Name] != p.State {
				seen[p.Name] = p.State
				fmt.Fprintf(w, "%s: %s\n", terminal.Visible(p.Name), p.State)
			}
		}
		if s.Orders[i].Done {
			return s.Orders[i], nil
		}
		select {
		case <-ctx.Done():
			return engine.OrderStatus{}, ctx.Err()
		case <-time.After(followEvery):
		}
	}
}

func ask(ctx context.Context, client *control.Client) (engine.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, statusDeadline)
	defer cancel()
	s, _, err := client.Status(ctx)
	return s, err
}
