// Command procward keeps the processes of one Linux host alive. It is the daemon
// (run), and everything that an operator asks of the daemon or of its configuration.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"io"

	"procward/escalate/power"
	"procward/internal/control"
	"procward/internal/daemon"
	"procward/internal/launch"
	"procward/internal/systemd"
)

// version is set by the linker: -ldflags "-X main.version=1.2.3".
var version string

func main() {
	if code, mine := launch.Main(os.Args); mine {
		os.Exit(code)
	}
	if code, mine := power.ProofMain(os.Args); mine {
		os.Exit(code)
	}
	liveAsVictim()
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr, thisMachine()))
}

// thisMachine is the real machine. Only main may name it: whoever gets it can end the
// machine that it runs on.
func thisMachine() *daemon.Reach {
	return &daemon.Reach{Paths: power.RealPaths(), Kernel: power.Real(), Systemd: true, Booted: systemd.Runs}
}

// flags are the flags of every command.
type flags struct {
	configDir string
	stateDir  string
	socket    string
	reach     *daemon.Reach
}

// execute runs one command line and gives the exit code.
func execute(args []string, stdout, stderr io.Writer, at *daemon.Reach) int {
	root := rootCommand(at)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	if err == nil {
		return 0
	}
	var f *failure
	if !errors.As(err, &f) { // cobra's own: the command line is wrong
		f = &failure{code: exitUsage, err: err, remedy: "procward help lists the commands, procward help COMMAND their flags"}
	}
	if f.err != nil {
		fmt.Fprintf(stderr, "procward: %v\n", f.err)
	}
	if f.err != nil && f.remedy != "" {
		fmt.Fprintf(stderr, "  remedy: %s\n", f.remedy)
	}
	return f.code
}

func rootCommand(at *daemon.Reach) *cobra.Command {
	f := flags{reach: at}
	root := &cobra.Command{
		Use:   "procward",
		Short: "Keeps the processes of this host alive",
		Long: `procward keeps the processes of this host alive. It finds them by scanning
/proc, watches each by its PID, runs a restart script when one ends, and
escalates step by step when that does not help.

A first round:
  procward check     is the configuration right?
  procward scan      what does it select at this moment?
  procward explain   what would happen, and when?
  procward run       watch (as a service: systemctl start procward)
  procward status    how is everything?`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	p := root.PersistentFlags()
	p.StringVar(&f.configDir, "config-dir", "/etc/procward/conf.d", "directory of the drop-ins")
	p.StringVar(&f.stateDir, "state-dir", "/var/lib/procward", "directory of what outlives the daemon")
	p.StringVar(&f.socket, "socket", control.DefaultSocket, "control socket of the daemon")
	root.AddCommand(
		runCommand(&f), checkCommand(&f), scanCommand(&f), explainCommand(&f), statusCommand(&f),
		reloadCommand(&f), messagesCommand(), demoCommand(&f), versionCommand(),
	)
	root.AddCommand(operateCommands(&f)...)
	return root
}
