// Command run runs go test with the arguments it gets and says what came of it: what
// failed in full, one line a package for the rest, and at the end in one line each what
// was skipped and why, and the numbers. Its exit code is that of go test.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(args []string) (int, error) {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 1, err
	}
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	r := newReport(os.Stdout)
	err = r.read(out)
	if waited := cmd.Wait(); waited != nil {
		var exit *exec.ExitError
		if !errors.As(waited, &exit) {
			return 1, errors.Join(err, waited)
		}
	}
	r.close()
	code := cmd.ProcessState.ExitCode()
	if code == 0 && r.failed > 0 {
		code = 1
	}
	return code, err
}
