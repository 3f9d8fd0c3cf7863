package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	confd "procward/conf.d"
	"procward/internal/hang"
	"procward/internal/trust"
)

// claimsName is the file in the state directory that says which drop-ins are in force.
const claimsName = "drop-ins.json"

// claimsTime limits how long a start waits for it, and maxClaims how much is read.
const (
	claimsTime = time.Second
	maxClaims  = 64 << 20
)

// Load reads the drop-ins as the daemon does at its start, preferring what the daemon
// before had in force, as the state directory says.
func Load(configDir, stateDir string) (*confd.Config, error) {
	return loader(configDir, stateDir).Load()
}

func loader(configDir, stateDir string) *confd.Loader {
	return confd.NewLoader(configDir, confd.Options{Claims: lastClaims(stateDir)})
}

// lastClaims is what the daemon before had in force; nothing if that is not known.
func lastClaims(stateDir string) confd.Claims {
	var guard hang.Guard
	stateDir, err := filepath.Abs(stateDir)
	if err != nil {
		return confd.Claims{}
	}
	c, err := hang.Do(&guard, claimsName, claimsTime, func() (confd.Claims, error) { return readClaims(filepath.Join(stateDir, claimsName)) })
	if err != nil {
		return confd.Claims{}
	}
	return c
}

func readClaims(path string) (c confd.Claims, err error) {
	open := func() (*os.File, error) { return os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0) }
	if os.Geteuid() == 0 {
		open = func() (*os.File, error) { return trust.Open(path, 0) }
	}
	f, err := open()
	if err != nil {
		return c, err
	}
	defer f.Close()
	err = json.NewDecoder(io.LimitReader(f, maxClaims)).Decode(&c)
	return c, err
}

// claimant keeps what is in force for the next daemon.
type claimant struct {
	dir  string
	note func(string) // called the first time that it fails

	hangs hang.Guard
	next  atomic.Pointer[confd.Claims] // to be written
	mu    sync.Mutex
	last  []byte
	told  bool
}

// keep writes the claims, and returns at once.
func (k *claimant) keep(c confd.Claims) {
	k.next.Store(&c)
	go func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		text, err := json.Marshal(k.next.Load())
		if err == nil && bytes.Equal(text, k.last) {
			return
		}
		if err == nil {
			_, err = hang.Do(&k.hangs, claimsName, claimsTime, func() (struct{}, error) { return struct{}{}, writeClaims(k.dir, text) })
		}
		if err != nil && !k.told {
			k.told = true
			k.note(fmt.Sprintf("after a restart it is not known which drop-ins were in force: %v", err))
		}
		if err == nil {
			k.last, k.told = text, false
		}
	}()
}

func writeClaims(stateDir string, text []byte) error {
	dir, err := trust.Dir(stateDir, 0o700)
	if err != nil {
		return err
	}
	defer dir.Close()
	draft := claimsName + ".new"
	if err := unix.Unlinkat(int(dir.Fd()), draft, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return &fs.PathError{Op: "remove", Path: draft, Err: err}
	}
	f, err := os.OpenFile(trust.Within(dir, draft), os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return unix.Renameat(int(dir.Fd()), draft, int(dir.Fd()), claimsName)
}
