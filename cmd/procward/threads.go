package main

import (
	"runtime"
	"sync"
)

// spareThreads is how many threads the daemon has besides one for each script that runs
// at the same time: for looks, sinks, the control socket, the Go runtime.
const spareThreads = 24

// reserveThreads starts n threads, which the Go runtime keeps for as long as we live. It
// makes a thread when it needs one, and ends the program where the kernel refuses: on a
// host whose processes have run out, by a fork bomb or TasksMax=, when a process has to
// be restarted.
func reserveThreads(n int) {
	var up, down sync.WaitGroup
	release := make(chan struct{})
	up.Add(n)
	for range n {
		down.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			up.Done()
			<-release
		})
	}
	up.Wait()
	close(release)
	down.Wait()
}
