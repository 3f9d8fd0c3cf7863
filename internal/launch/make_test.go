package launch

import (
	"sync"
	"testing"
)

// Checks that are kept whole have launchers made beside each other: none must be taken for
// another, and there is one maker.
func TestLaunchersAreMadeOneAfterTheOther(t *testing.T) {
	before := last.Load()
	p, _ := open(t)
	const most = 20
	var all sync.WaitGroup
	for range most {
		all.Go(func() {
			l, err := p.make()
			if err != nil {
				t.Error(err)
				return
			}
			if c, _ := readChild(l.pid); c.name != l.name {
				t.Errorf("launcher %s is taken for the process %s", l.name, c.name)
			}
		})
	}
	all.Wait()
	if n := last.Load() - before; n != most+1 {
		t.Errorf("%d launchers were made, and %d were wanted, with the maker", n, most+1)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.all {
		l.end()
	}
}
