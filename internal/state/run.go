package state

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"golang.org/x/sys/unix"
)

// lazily is the time after which a value is brought to the disk if nobody waits for it;
// again is the longest pause after a failure.
const (
	lazily = time.Second
	again  = 2 * time.Second
)

// Run writes until ctx ends, then brings everything to the disk and returns the error of
// that. Nothing touches the directory after it.
func (b *Book) Run(ctx context.Context) error {
	var retry, later <-chan time.Time
	for {
		select {
		case <-b.wake:
			b.work(false, b.failed == nil)
		case <-retry:
			retry = nil
			b.work(false, true)
		case <-later:
			later = nil
			b.beginSync()
		case err := <-b.syncing:
			b.endSync(err)
		case <-ctx.Done():
			return b.end()
		}
		if b.failed != nil && retry == nil {
			retry = time.After(again)
		}
		if b.dirty && b.syncing == nil && later == nil {
			later = time.After(lazily)
		}
	}
}

func (b *Book) end() error {
	if b.syncing != nil {
		<-b.syncing
	}
	err := b.work(true, true)
	b.log.close()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	b.advance()
	return err
}

// work writes what is pending. If everything must be written anew, that is done only with
// anew: it takes long, and is not tried at each change while it fails.
func (b *Book) work(disk, anew bool) error {
	b.mu.Lock()
	pending, number := b.pending, b.given
	disk = disk || b.asked > b.disk
	b.pending = map[string]any{}
	b.mu.Unlock()
	set, err := b.changed(pending)
	maps.Copy(b.owed, set)
	if err == nil {
		err = b.write(anew)
	}
	if err == nil && disk {
		err = b.flush()
	}
	b.note(number, disk, err)
	return err
}

// changed returns the new values among the pending ones, and applies them.
func (b *Book) changed(pending map[string]any) (map[string]json.RawMessage, error) {
	set := map[string]json.RawMessage{}
	var errs []error
	for key, v := range pending {
		raw := json.RawMessage("null")
		if v != nil {
			text, err := json.Marshal(v)
			if err != nil {
				errs = append(errs, fmt.Errorf("encode the state of %s: %w", key, err))
				continue
			}
			raw = text
		}
		if old, was := b.values[key]; v == nil && !was || was && bytes.Equal(old, raw) {
			continue
		}
		set[key] = raw
	}
	merge(b.values, set)
	return set, errors.Join(errs...)
}

// write writes what is pending: at the end of the log, or everything anew if that is due
// or the log cannot be written.
func (b *Book) write(anew bool) error {
	var failed error
	if anew && b.log.due() {
		if failed = b.renew(); failed == nil {
			return nil
		}
	}
	if len(b.owed) == 0 && b.log.file != nil && !b.log.torn {
		return b.trusted(failed)
	}
	err := b.log.append(b.owed)
	if err == nil {
		b.inFiles()
		return b.trusted(failed)
	}
	if anew && failed == nil {
		if failed = b.renew(); failed == nil {
			return nil
		}
	}
	if failed != nil && errors.Is(err, errTail) {
		return failed
	}
	return err
}

// trusted is the outcome if everything could not be written anew (for a reason or none)
// but the log goes on: that is enough, unless we doubt that it reaches the disk.
func (b *Book) trusted(failed error) error {
	if b.log.lies {
		return cmp.Or(failed, b.failed)
	}
	if failed != nil {
		b.log.putOff()
	}
	return nil
}

// renew writes everything anew. The very first record is a small one: if the process dies
// while writing it, it is complete or missing.
func (b *Book) renew() error {
	all := b.values
	if b.log.after == 0 {
		all = nil
	}
	if err := b.log.renew(all); err != nil {
		return err
	}
	if all == nil && len(b.values) > 0 {
		if err := b.log.append(b.values); err != nil {
			return err
		}
	}
	b.inFiles()
	return nil
}

// inFiles is called when everything pending is in the files.
func (b *Book) inFiles() {
	clear(b.owed)
	b.dirty = true
}

// flush brings everything to the disk.
func (b *Book) flush() error {
	err := b.log.bring(b.log.file)
	b.log.lies = b.log.lies || err != nil
	if err == nil {
		b.dirty = false
		b.log.brought(b.log.life, b.log.after)
	}
	return err
}

// note keeps the outcome of an attempt and reports a change.
func (b *Book) note(number uint64, disk bool, err error) {
	before := b.failed
	b.failed = err
	b.mu.Lock()
	b.tries++
	b.err = err
	if err == nil {
		b.written = number
		if disk {
			b.disk = number
		}
	}
	b.advance()
	b.mu.Unlock()
	if !same(before, err) {
		b.tell(err)
	}
}

// advance wakes all that wait. The lock is held.
func (b *Book) advance() {
	close(b.advanced)
	b.advanced = make(chan struct{})
}

// beginSync brings everything that is written to the disk, at the same time as further
// writing: the death of the machine loses only what is written while that waits for its
// turn.
func (b *Book) beginSync() {
	f, err := b.log.present()
	if err != nil {
		return
	}
	b.mu.Lock()
	b.covers = b.written
	b.mu.Unlock()
	b.dirty, b.covered, b.up = false, b.log.life, b.log.after
	ended := make(chan error, 1)
	b.syncing = ended
	go func() {
		defer f.Close()
		ended <- b.log.bring(f)
	}()
}

// endSync takes the outcome. If everything was written anew meanwhile, it does not matter
// that the former log is on the disk. What a failed fsync(2) leaves in memory may count
// as written for the kernel: the only remedy is to write everything again.
func (b *Book) endSync(err error) {
	b.syncing = nil
	switch {
	case b.covered != b.log.life:
	case err != nil:
		b.log.lies = true
		b.work(true, true)
	default:
		b.log.brought(b.covered, b.up)
		b.mu.Lock()
		b.disk = max(b.disk, b.covers)
		b.mu.Unlock()
	}
}

// same reports whether two failures have the same reason, for the operator.
func same(a, b error) bool {
	if (a == nil) != (b == nil) {
		return false
	}
	var x, y unix.Errno
	if errors.As(a, &x) && errors.As(b, &y) {
		return x == y
	}
	return a == b || a.Error() == b.Error()
}
