package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// answerTime is how long a talker may take for one answer.
const answerTime = 30 * time.Second

// talker is a child that obeys lines on its stdin and answers in lines.
type talker struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	errors bytes.Buffer
}

// talk starts a talker. It ends with ctx, at close, or with us.
func talk(ctx context.Context, program string, args ...string) (*talker, error) {
	t := &talker{cmd: command(ctx, program, args...)}
	t.cmd.Stderr = &t.errors
	in, err := t.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	t.in, t.out = in, bufio.NewReaderSize(out, 1<<16)
	if err := t.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return t, nil
}

// subject starts bench itself as a talker.
func subject(ctx context.Context, as string, args ...string) (*talker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return talk(ctx, self, append([]string{"-as", as}, args...)...)
}

// command is a child that does not outlive us.
func command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	cmd.WaitDelay = time.Second
	return cmd
}

func (t *talker) say(format string, args ...any) error {
	if _, err := fmt.Fprintf(t.in, format+"\n", args...); err != nil {
		return t.broken(err)
	}
	return nil
}

// hear reads one line. A talker that is silent for too long is ended.
func (t *talker) hear() (string, error) {
	defer time.AfterFunc(answerTime, func() { _ = t.cmd.Process.Kill() }).Stop()
	line, err := t.out.ReadString('\n')
	if err != nil {
		return "", t.broken(err)
	}
	return strings.TrimSuffix(line, "\n"), nil
}

func (t *talker) broken(err error) error {
	return fmt.Errorf("talk to %s: %w %s", t.cmd.Path, err, strings.TrimSpace(t.errors.String()))
}

// ask says one line and hears one.
func (t *talker) ask(format string, args ...any) (string, error) {
	if err := t.say(format, args...); err != nil {
		return "", err
	}
	return t.hear()
}

// number asks, and hears a number.
func (t *talker) number(format string, args ...any) (int64, error) {
	line, err := t.ask(format, args...)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s answers: %w", t.cmd.Path, err)
	}
	return n, nil
}

// used is the CPU time of a talker that accounts for it.
func (t *talker) used() (time.Duration, error) {
	ns, err := t.number("used")
	return time.Duration(ns), err
}

// close ends the talker and waits for it; it may be nil.
func (t *talker) close() {
	if t == nil {
		return
	}
	_ = t.in.Close()
	_ = t.cmd.Wait() // its exit code says nothing that was not heard before
}
