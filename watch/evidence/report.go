package evidence

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"procward/internal/hang"
	"procward/procscan"
)

// maxProcesses is how many processes of a case are examined.
const maxProcesses = 16

// report is the text of the file: a head, the host, and each process. These are read at
// the same time, so that one that hangs does not hide the others.
func (w *Writer) report(ctx context.Context, c Case) []byte {
	size := or(w.MaxBytes, DefaultMaxBytes)
	ids := c.IDs[:min(len(c.IDs), maxProcesses)]
	head := newPage(size / 8)
	w.head(head, c)
	type part struct {
		page *page
		call *hang.Call[struct{}]
	}
	parts := make([]part, 0, len(ids)+1)
	begin := func(limit int, read func(*page)) {
		p := newPage(limit)
		call, err := hang.Go(w.calls(), "", func() (struct{}, error) {
			read(p)
			p.finish()
			return struct{}{}, nil
		})
		if err != nil {
			p.linef("%v", err)
			p.finish()
		}
		parts = append(parts, part{p, call})
	}
	begin(size/8, w.host)
	for _, id := range ids {
		begin((size-size/4)/len(ids), func(p *page) { w.process(p, id) })
	}
	text := head.take("")
	for _, p := range parts {
		if p.call != nil {
			_, _ = p.call.Wait(ctx) // the page says what is missing
		}
		text = append(append(text, '\n'), p.page.take(missing(ctx))...)
	}
	return text
}

// missing says why a page was taken that is not finished.
func missing(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.Canceled) {
		return "broken off"
	}
	return "it took too long"
}

// maxLine is how much of a text from elsewhere is kept.
const maxLine = 1000

func (w *Writer) head(p *page, c Case) {
	p.linef("Evidence of a stall, taken by procward before anything was done to the process.")
	p.linef("")
	p.linef("process  %s", cut(c.Process))
	p.linef("sign     %s", cut(c.Sign))
	p.linef("why      %s", cut(c.Why))
	p.linef("judged   %s", c.At.UTC().Format(time.RFC3339Nano))
	p.linef("taken    %s, %v after boot", time.Now().UTC().Format(time.RFC3339Nano), procscan.Boottime())
	p.linef("by       uid %d, pid %d", os.Geteuid(), os.Getpid())
	for _, id := range c.IDs[:min(len(c.IDs), maxProcesses)] {
		p.linef("pid      %d, started at tick %d after boot", id.PID, id.Start)
	}
	p.more(len(c.IDs)-maxProcesses, "processes, not looked at")
	if c.Dump != "" {
		p.linef("dump     %s", cut(c.Dump))
	}
	p.linef("")
	p.linef("LAST RESULTS OF THE PROBES")
	if len(c.Probes) == 0 {
		p.linef("    (none)")
	}
	const most = 50
	for _, line := range c.Probes[:min(len(c.Probes), most)] {
		p.linef("    %s", cut(line))
	}
	p.more(len(c.Probes)-most, "results")
	p.finish()
}

func cut(s string) string {
	if len(s) > maxLine {
		return s[:maxLine] + "…"
	}
	return s
}

// host shows whether the host itself is in trouble.
func (w *Writer) host(p *page) {
	p.linef("HOST")
	for _, name := range []string{"version", "loadavg", "pressure/cpu", "pressure/memory", "pressure/io"} {
		p.linef("  %s", name)
		text, err := readAt(p, nil, filepath.Join(w.proc(), name), 4096)
		if err != nil {
			p.linef("    (%s)", inWords(err))
			continue
		}
		p.block(text, 4)
	}
	p.linef("  memory")
	text, err := readAt(p, nil, filepath.Join(w.proc(), "meminfo"), 8192)
	if err != nil {
		p.linef("    (%s)", inWords(err))
		return
	}
	p.block(only(text, "MemTotal:", "MemFree:", "MemAvailable:", "Dirty:", "Writeback:", "SwapTotal:", "SwapFree:"), 10)
}

// inWords is an error for the operator.
func inWords(err error) string {
	switch {
	case errors.Is(err, os.ErrPermission):
		return "not permitted"
	case errors.Is(err, os.ErrNotExist):
		return "not there"
	}
	return fmt.Sprint(err)
}
