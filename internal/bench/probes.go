package main

import (
	"context"
	"fmt"
	"time"
)

const (
	probeCount = 1000 // checks, each once a second
	probeGoal  = 1.25 // times the floor
)

// How long a subject runs before it counts, until the requests are spread over the
// second, and how long it is measured.
const (
	probeWarm = 2 * time.Second
	probeSpan = 2 * time.Second
)

// probes measures the active checks of one server beside net/http alone.
func probes(ctx context.Context, b *bench) (t table, err error) {
	server, err := subject(ctx, asServer)
	if err != nil {
		return t, err
	}
	defer server.close()
	url, err := server.hear()
	if err != nil {
		return t, err
	}
	var floor, ours sample
	rounds := b.rounds(4, 1)
	for range rounds {
		for as, took := range map[string]*sample{asRequests: &floor, asProbes: &ours} {
			each, err := spend(ctx, server, as, url)
			if err != nil {
				return t, err
			}
			*took = append(*took, each)
		}
	}
	t.add(against("CPU time of a probe", floor, ours, probeGoal))
	t.note("Median of %d rounds of %v, in turns; the server is another process. User and system time of all threads, divided by the requests that the server has counted: floor %s; procward %s, %s of one CPU.",
		rounds, probeSpan, floor.span(), ours.span(), share(ours.median()*probeCount))
	t.note("The floor begins %d requests every %v, which is the grain of our schedules: by net/http with a timeout; the answer is read and the connection closed, as every check does.", probeCount*requestGrain/time.Second, requestGrain)
	return t, nil
}

// spend is the CPU time of one request of a subject.
func spend(ctx context.Context, server *talker, as, url string) (time.Duration, error) {
	s, err := subject(ctx, as, url)
	if err != nil {
		return 0, err
	}
	defer s.close()
	if err := sleep(ctx, probeWarm); err != nil {
		return 0, err
	}
	requests, err := server.number("served")
	if err != nil {
		return 0, err
	}
	before, err := s.used()
	if err != nil {
		return 0, err
	}
	if err := sleep(ctx, probeSpan); err != nil {
		return 0, err
	}
	after, err := s.used()
	if err != nil {
		return 0, err
	}
	served, err := server.number("served")
	if err != nil {
		return 0, err
	}
	n := time.Duration(served - requests)
	if least := probeCount * probeSpan / time.Second * 9 / 10; n < least {
		return 0, fmt.Errorf("the subject %s made %d requests in %v, not %d: the host is too busy", as, n, probeSpan, least)
	}
	return (after - before) / n, nil
}
