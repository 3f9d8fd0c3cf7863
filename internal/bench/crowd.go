package main

import (
	"context"
	"strconv"
	"time"
)

// idleName is the name of the processes that do nothing.
const idleName = "bench-idle"

// crowd is a number of idle processes, which die with their parent, our child.
type crowd struct {
	*talker
	pids []int
	born time.Time
}

// gather starts n idle processes.
func gather(ctx context.Context, program string, n int) (*crowd, error) {
	t, err := talk(ctx, program, strconv.Itoa(n), idleName)
	if err != nil {
		return nil, err
	}
	c := &crowd{talker: t, pids: make([]int, 0, n)}
	for {
		line, err := t.hear()
		if err != nil {
			c.close()
			return nil, err
		}
		if line == "" {
			c.born = time.Now()
			return c, nil
		}
		pid, err := strconv.Atoi(line)
		if err != nil {
			c.close()
			return nil, err
		}
		c.pids = append(c.pids, pid)
	}
}

// The kinds of victim.
const (
	bare    = "f" // a forked child and nothing else: the least that can be killed
	program = "x" // a program that was executed, as whatever is watched was
)

// more is one more idle process.
func (c *crowd) more(kind string) (pid int, err error) {
	line, err := c.ask("%s", kind)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(line)
}

// reap reaps a process that was killed, and says when that was (CLOCK_MONOTONIC).
func (c *crowd) reap(pid int) (time.Duration, error) {
	line, err := c.ask("r %d", pid)
	if err != nil {
		return 0, err
	}
	ns, err := strconv.ParseInt(line, 10, 64)
	return time.Duration(ns), err
}

// close ends them all; it may be nil.
func (c *crowd) close() {
	if c != nil {
		c.talker.close()
	}
}
