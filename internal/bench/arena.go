package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// The kinds of record that scripts and targets leave.
const (
	scriptBegan = "S"
	scriptEnds  = "E"
	targetUp    = "T"
)

// record is what floor/record.h writes.
type record struct {
	kind string
	name string
	pid  int
	at   time.Duration // CLOCK_MONOTONIC
}

// arena is where targets live: the report that they write to, and the lifeline they hang
// on, a FIFO of which we are the only writer. When it is closed, or we are gone, they end.
type arena struct {
	dir      string
	report   string
	lifeline string
	target   string // the program
	script   string // the program that starts it
	life     *os.File
	fifo     *os.File // the report, where it is a FIFO

	mu    sync.Mutex
	heard map[string]chan record // by name of the target
	pids  []int                  // of all targets there ever were
}

// newArena makes an arena. Live, its records are heard as they are written; else they
// gather in a file, which wakes nobody.
func (b *bench) newArena(name string, live bool) (*arena, error) {
	dir, err := os.MkdirTemp(b.dir, name+"-")
	if err != nil {
		return nil, err
	}
	a := &arena{
		dir: dir, report: filepath.Join(dir, "report"), lifeline: filepath.Join(dir, "lifeline"),
		target: b.tool("target"), script: b.tool("script"), heard: map[string]chan record{},
	}
	if a.life, err = fifo(a.lifeline); err != nil {
		return nil, err
	}
	if !live {
		return a, os.WriteFile(a.report, nil, 0o600)
	}
	if a.fifo, err = fifo(a.report); err != nil {
		a.close()
		return nil, err
	}
	go a.listen(a.fifo)
	return a, nil
}

// fifo makes a FIFO and opens it for both, which never waits for anybody.
func fifo(path string) (*os.File, error) {
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return nil, fmt.Errorf("make the FIFO %s: %w", path, err)
	}
	return os.OpenFile(path, os.O_RDWR, 0)
}

// listen hands on the records until the FIFO is closed.
func (a *arena) listen(from io.Reader) {
	for lines := bufio.NewScanner(from); lines.Scan(); {
		r, err := parse(lines.Text())
		if err != nil {
			continue // whoever waits for it will say so
		}
		a.keep(r)
		select {
		case a.records(r.name) <- r:
		default: // nobody takes them
		}
	}
}

func (a *arena) keep(r record) {
	if r.kind != targetUp {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pids = append(a.pids, r.pid)
}

// records is the channel of what one target and its script leave.
func (a *arena) records(name string) chan record {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.heard[name] == nil {
		a.heard[name] = make(chan record, 64)
	}
	return a.heard[name]
}

func parse(line string) (r record, err error) {
	var ns int64
	_, err = fmt.Sscanf(line, "%s %s %d %d", &r.kind, &r.name, &r.pid, &ns)
	r.at = time.Duration(ns)
	return r, err
}

// written reads the records of a report that is a file, from an offset on.
func (a *arena) written(from int64) ([]record, error) {
	text, err := os.ReadFile(a.report)
	if err != nil {
		return nil, err
	}
	var all []record
	for line := range strings.Lines(string(text[from : bytes.LastIndexByte(text, '\n')+1])) {
		r, err := parse(line)
		if err != nil {
			return nil, fmt.Errorf("read a record: %q: %w", line, err)
		}
		all = append(all, r)
		a.keep(r)
	}
	return all, nil
}

// close ends all targets and waits until they are gone; it may be nil.
func (a *arena) close() {
	if a == nil {
		return
	}
	_ = a.life.Close()
	if a.fifo != nil {
		_ = a.fifo.Close()
	}
	a.mu.Lock()
	pids := a.pids
	a.mu.Unlock()
	_ = until(context.Background(), 5*time.Second, "the end of the targets", func() (bool, error) {
		for len(pids) > 0 && errors.Is(unix.Kill(pids[0], 0), unix.ESRCH) {
			pids = pids[1:]
		}
		return len(pids) == 0, nil
	})
}
