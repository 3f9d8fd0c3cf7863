package hang

import (
	"runtime"
	"sync"
)

// Threads makes Go's runtime have at least n threads more than now, which it keeps for as long as
// the process lives: n goroutines hold one each until all have theirs. The runtime makes a thread
// when it needs one, for example because others hang, and ends the program where the kernel
// refuses that: when all processes of the host, or of a control group, are used up.
func Threads(n int) {
	var all, ended sync.WaitGroup
	all.Add(n)
	for range n {
		ended.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			all.Done()
			all.Wait()
		})
	}
	ended.Wait()
}
