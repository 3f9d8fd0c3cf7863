package probe

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"procward/internal/scalar"
	"procward/internal/script"
)

// Exec runs a script or a Nagios plug-in. The exit codes in ok are a success, 2 is a
// failure, 1 is what warning says, and every other code, or a signal, is what unknown
// says. A program that cannot be started is always unknown.
type Exec struct {
	// the program. Required
	Run script.Argv `yaml:"run"`
	// the user that it runs as; without it procward's own user
	User string `yaml:"user"`
	// its additional environment
	Env map[string]string `yaml:"env"`
	// the exit codes that are a success
	OK []int `yaml:"ok"`
	// what exit code 1 counts as: `ok`, or `fail`. Exit code 2 is a failure
	Warning Word `yaml:"warning"`
	// what exit code 3, any other code, or a signal counts as: `unknown`, or `fail`
	Unknown Word `yaml:"unknown"`
}

// Word says what an exit code counts as.
type Word string

// The words.
const (
	CountsOK      Word = "ok"
	CountsFail    Word = "fail"
	CountsUnknown Word = "unknown"
)

// DefaultExec returns an exec check with its defaults.
func DefaultExec() Exec { return Exec{OK: []int{0}, Warning: CountsOK, Unknown: CountsUnknown} }

// SetDefaults sets the defaults before the keys are read.
func (e *Exec) SetDefaults() { *e = DefaultExec() }

// Exit codes of a plug-in (monitoring-plugins developer guidelines).
const (
	codeWarning  = 1
	codeCritical = 2
)

func (e *Exec) needs() []Need               { return []Need{{Key: "run", Use: Runs, Argv: e.Run}} }
func (e *Exec) worst(c Check) time.Duration { return c.asked(grace) }
func (e *Exec) checker(at site) (checker, error) {
	return &executor{spec: e, scripts: at.prober.opts.Scripts}, nil
}

func (e *Exec) validate(Check) error {
	errs := []error{scalar.Under("run", e.Run.Validate()), scalar.Under("env", scalar.ValidateEnv(e.Env))}
	if len(e.OK) == 0 {
		errs = append(errs, scalar.Errorf("ok", "accepts nothing: write for example [0]"))
	}
	for i, code := range e.OK {
		if code < 0 || code > 255 {
			errs = append(errs, scalar.Errorf("ok["+strconv.Itoa(i)+"]", "%d is not an exit code from 0 to 255", code))
		}
	}
	if e.Warning != CountsOK && e.Warning != CountsFail {
		errs = append(errs, scalar.Errorf("warning", "%q is neither ok nor fail", e.Warning))
	}
	if e.Unknown != CountsUnknown && e.Unknown != CountsFail {
		errs = append(errs, scalar.Errorf("unknown", "%q is neither unknown nor fail", e.Unknown))
	}
	return errors.Join(errs...)
}

// outcome is what an exit code counts as.
func (e *Exec) outcome(code int) Outcome {
	switch {
	case slices.Contains(e.OK, code):
		return Success
	case code == codeCritical:
		return Failure
	case code == codeWarning && e.Warning == CountsOK:
		return Success
	case code == codeWarning || e.Unknown == CountsFail:
		return Failure
	}
	return Unknown
}

// grace is how long a program has between SIGTERM and SIGKILL after its timeout.
const grace = time.Second

// executor carries out exec checks.
type executor struct {
	spec    *Exec
	scripts *script.Runner
	left    <-chan struct{} // closed when the program of the last check has ended, if even SIGKILL did not end it; else nil
}

func (e *executor) check(ctx context.Context, timeout time.Duration) result {
	if e.left != nil && !over(e.left) {
		return unknown("the program of an earlier check is still there after SIGKILL: it hangs in the kernel (state D), and no other is started")
	}
	job := script.Job{Argv: e.spec.Run, User: e.spec.User, Env: e.spec.Env, Timeout: timeout, Grace: grace, End: ctx.Done(), Whole: true}
	res := e.scripts.Run(context.WithoutCancel(ctx), job, nil)
	e.left = res.Left
	r := e.result(res, timeout)
	r.output = res.Output
	return r
}

func (e *executor) result(res script.Result, timeout time.Duration) result {
	line := firstLine(res.Output)
	switch {
	case res.TimedOut && res.Err != nil: // a program that hangs in the kernel says nothing about the service
		return unknown("no result within %s: %v", scalar.Duration(timeout), res.Err)
	case res.TimedOut:
		return late("no result", timeout)
	case res.Err != nil:
		return unknown("%v", res.Err)
	case res.Signal != "":
		r := unknown("ended by %s", res.Signal)
		if e.spec.Unknown == CountsFail {
			r.outcome = Failure
		}
		return r
	}
	text := "exit code " + strconv.Itoa(res.Code)
	if line != "" {
		text += ": " + line
	}
	return result{outcome: e.spec.outcome(res.Code), text: text}
}

// maxLine limits the line of output that stands for all of it, in bytes.
const maxLine = 500

// firstLine is what a person needs of the output of a plug-in: its first line without the
// performance data, which begin at a bar.
func firstLine(output string) string {
	line, _, _ := strings.Cut(output, "|")
	line = strings.TrimSpace(line)
	if len(line) > maxLine {
		line = strings.ToValidUTF8(line[:maxLine], "") + " …"
	}
	return line
}
