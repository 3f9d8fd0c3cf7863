package power

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// ProofMain is called first in main. If the process was started as the proof of a Prover,
// it does the proof and mine is true: then main exits with the code.
func ProofMain(args []string) (code int, mine bool) {
	if len(args) != 3 || args[1] != proofWord {
		return 0, false
	}
	// main keeps its thread, so the other goroutine needs one of its own. The runtime dies
	// with code 2 if it cannot make it.
	runtime.LockOSThread()
	done := make(chan struct{})
	go close(done)
	<-done
	if err := smallWrite(args[2]); err != nil {
		return proofNoWrite, true
	}
	return 0, true
}

// smallWrite writes a few bytes and syncs them. The file stays, so that no new block is
// needed the next time: a full disk is no stall, and a reset would not help.
func smallWrite(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, "."+proofWord), os.O_WRONLY|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err == nil {
		if _, err = f.WriteString("procward was here\n"); err == nil {
			err = f.Sync()
		}
		_ = f.Close()
	}
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return nil
	}
	return err
}
