package procscan

import (
	"context"
	"testing"

	"github.com/prometheus/procfs"
)

// The benchmarks run over whatever processes the host has; "procs" says how many.

func BenchmarkScanByNameAndUser(b *testing.B) {
	benchmarkScan(b, false, func(m *Match) { m.Name, m.User = "no-such-name", "root" })
}

func BenchmarkScanByArgs(b *testing.B) {
	benchmarkScan(b, false, func(m *Match) { m.Args = "no-such-word" })
}

func BenchmarkScanByExe(b *testing.B) {
	benchmarkScan(b, false, func(m *Match) { m.Exe = "/no/such/file" })
}

func BenchmarkLook(b *testing.B) {
	benchmarkScan(b, true, func(m *Match) { m.Args = "no-such-word" })
}

func BenchmarkProcfsStat(b *testing.B) { benchmarkProcfs(b, false) }

func BenchmarkProcfsStatCmdLine(b *testing.B) { benchmarkProcfs(b, true) }

type scanFunc = func(context.Context, []*Matcher) ([]Selection, error)

func benchmarkScan(b *testing.B, look bool, fill func(*Match)) {
	s, _ := realScanner(b)
	scan := s.Scan
	if look {
		scan = s.Look
	}
	m := matcher(b, fill)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := scan(b.Context(), []*Matcher{m}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(s.listing.entries)), "procs")
}

func benchmarkProcfs(b *testing.B, cmdline bool) {
	fs, err := procfs.NewFS("/proc")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		all, err := fs.AllProcs()
		if err != nil {
			b.Fatal(err)
		}
		for _, p := range all {
			_, _ = p.Stat()
			if cmdline {
				_, _ = p.CmdLine()
			}
		}
	}
}
