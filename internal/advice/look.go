// Package advice looks at this host for what the drop-ins alone do not show, without
// asking a daemon: what each match selects now, what is doubtful about that, who else
// restarts the same processes, and what the kernel and the system offer.
package advice

import (
	"context"
	"fmt"
	"time"

	confd "procward/conf.d"
	"procward/internal/account"
	"procward/internal/script"
	"procward/procscan"
)

// scanTime is how long reads that hang may delay a scan: longer than the daemon allows,
// because only the operator waits, and a busy host looks like one that hangs.
const scanTime = 5 * time.Second

// Look scans once for the named processes. With near it also finds out which processes
// nearly match.
func Look(ctx context.Context, cfg *confd.Config, names []string, near func(Sight) bool) ([]Sight, error) {
	fs, err := procscan.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer fs.Close()
	scanner := procscan.NewScanner(fs)
	defer scanner.Close()
	scanner.SetScripts(cfg.Scripts())
	programs := &script.Runner{}
	defer programs.Close()
	users := account.Cached(programs.Getent)
	scanner.SetUsers(users)
	scanner.SetDeadline(scanTime)
	matchers := make([]*procscan.Matcher, len(names))
	for i, name := range names {
		if matchers[i], err = cfg.Processes[name].Match.Compile(); err != nil {
			return nil, fmt.Errorf("the match of %s: %w", name, err)
		}
	}
	found, err := scanner.Scan(ctx, matchers)
	if err != nil {
		return nil, err
	}
	sights := make([]Sight, len(names))
	for i, name := range names {
		sights[i] = looker{fs, users}.sightOf(name, cfg.Processes[name], found[i])
		if near(sights[i]) {
			misses, err := scanner.Near(ctx, matchers[i])
			if err != nil {
				return nil, err
			}
			sights[i].Near = missesOf(misses)
		}
	}
	return sights, nil
}
